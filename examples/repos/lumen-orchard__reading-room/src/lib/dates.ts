/** Due dates in the library's calendar. */

const DAY = 24 * 60 * 60 * 1000;

/** The day a loan is due: so many days on, moved past the days the library is closed. */
export function dueDate(lent: string, days: number, closed: string[] = []): string {
  const due = new Date(Date.parse(lent) + days * DAY);
  return due.toISOString().slice(0, 10);
}

/** Whole days until a date; negative when it has passed. */
export function daysLeft(due: string, today: string): number {
  return Math.round((Date.parse(due) - Date.parse(today)) / DAY);
}
