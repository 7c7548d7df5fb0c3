import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";

/** Measures how many calls were in flight, each of which takes a database connection. */
export interface CallMeter {
  /** The same call, counted while it is in flight. */
  wrap(call: CallDatabase): CallDatabase;
  /** The average number in flight, over the time in which any was, since it was last read. */
  takeMean(): number;
}

export function createCallMeter(): CallMeter {
  let [underWay, since, busy, sum] = [0, 0, 0, 0];

  function change(by: number): void {
    const now = performance.now();
    if (underWay > 0) busy += now - since;
    sum += underWay * (now - since);
    since = now;
    underWay += by;
  }

  return {
    wrap: (call) => async (one, deadline) => {
      change(1);
      try {
        return await call(one, deadline);
      } finally {
        change(-1);
      }
    },
    takeMean() {
      change(0);
      const mean = sum / busy;
      [busy, sum] = [0, 0];
      return mean;
    },
  };
}
