/** Requests by the second in which they were made: `[Unix seconds, count]`. */
export type Turns = [second: number, count: number][];

/** Seconds of the window that Clerk's limits are given for. */
const WINDOW = 10;

/** Lets at most this many requests through in any ten seconds, and makes the rest wait. */
export interface RequestLimit {
  /** Resolves when the next request may be made. */
  takeTurn(): Promise<void>;
  /** The requests that still count: a successor elsewhere begins with them. */
  turns(): Turns;
}

/**
 * Creates a limit.
 *
 * @param limit Requests in ten seconds.
 * @param earlier The requests of earlier slices.
 */
export function createRequestLimit(limit: number, earlier: Turns = []): RequestLimit {
  let turns: Turns = [...earlier];
  // Waiters queue up, one after the other.
  let queue: Promise<void> = Promise.resolve();

  /** A second counts until the window since its end has passed. */
  function drop(now: number): void {
    turns = turns.filter(([second]) => now < second + 1 + WINDOW);
  }

  async function wait(): Promise<void> {
    while (true) {
      const now = Date.now() / 1000;
      drop(now);
      const count = turns.reduce((sum, [, count]) => sum + count, 0);
      const [oldest] = turns[0] ?? [now];
      if (count < limit) break;
      const seconds = Math.max(0.01, oldest + 1 + WINDOW - now);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
    const second = Math.floor(Date.now() / 1000);
    const last = turns.at(-1);
    if (last?.[0] === second) last[1]++;
    else turns.push([second, 1]);
  }

  return {
    takeTurn: () => queue = queue.then(wait),
    turns() {
      drop(Date.now() / 1000);
      return turns.map(([second, count]) => [second, count]);
    },
  };
}
