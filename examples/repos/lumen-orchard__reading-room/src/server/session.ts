/** Sessions of signed-in readers. */

export interface Session {
  reader: string;
  expires: number;
}

export const LIFETIME = 30 * 60 * 1000;

/** A new session that lasts half an hour. */
export function open(reader: string, now: number): Session {
  return { reader, expires: now + LIFETIME };
}

/** The session to go on with, or undefined when it has ended. */
export function touch(session: Session, now: number): Session | undefined {
  if (now > session.expires) return undefined;
  return session;
}
