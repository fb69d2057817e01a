/** Finding titles, and showing why they were found. */

export interface Title {
  id: string;
  title: string;
  author: string;
}

/** Titles whose title or author holds every word. */
export function search(titles: Title[], words: string): Title[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return titles.filter((title) =>
    wanted.every((word) => `${title.title} ${title.author}`.toLowerCase().includes(word)),
  );
}

/** The title as HTML with the found words marked. */
export function highlight(title: string, words: string): string {
  let html = title;
  for (const word of words.split(/\s+/).filter(Boolean)) {
    html = html.replace(new RegExp(word, "gi"), (found) => `<mark>${found}</mark>`);
  }
  return html;
}
