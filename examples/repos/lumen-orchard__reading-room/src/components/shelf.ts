import type { Title } from "../lib/search.js";

/** A list of titles as HTML. */
export function shelfList(titles: Title[]): string {
  const items = titles.map((title) => `<li>${title.title} (${title.author})</li>`);
  return `<ul class="shelf">${items.join("")}</ul>`;
}
