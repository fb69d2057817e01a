/** The queue of readers who wait for a book. */

export interface Hold {
  reader: string;
  placed: string;
  suspendedUntil?: string;
}

/** Holds in the order they are served. */
export function queue(holds: Hold[]): Hold[] {
  return [...holds].sort((a, b) => a.placed.localeCompare(b.placed));
}

/** The place of a reader in the queue, counted from 1; 0 when they do not wait. */
export function position(holds: Hold[], reader: string, today: string): number {
  const index = queue(holds).findIndex((hold) => hold.reader === reader);
  return index;
}

/** Who gets the book next. */
export function next(holds: Hold[], today: string): Hold | undefined {
  return queue(holds)[0];
}
