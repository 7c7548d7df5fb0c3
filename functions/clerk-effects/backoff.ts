/** Attempts before an effect is parked: about four hours, well within the day that Resend remembers keys. */
export const MAX_ATTEMPTS = 8;

/** Seconds. */
const FIRST_DELAY = 10;
const FACTOR = 4;
const LONGEST_DELAY = 2 * 60 * 60;

/**
 * Seconds until the next attempt: exponential, with jitter over the upper half, so that effects that failed
 * together aren't retried together.
 *
 * @param attempts How many there have been, from 1.
 * @param random From 0 up to 1.
 */
export function backoff(attempts: number, random: number): number {
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * FACTOR ** (attempts - 1));
  return delay * (0.5 + 0.5 * random);
}
