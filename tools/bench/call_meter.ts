import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";

/** Tells how many calls were under way, each of which takes a connection of the database. */
export interface CallMeter {
  /** The same call, counted while it is under way. */
  wrap(call: CallDatabase): CallDatabase;
  /** How many were under way on average, of the time in which any was, since it was last asked. */
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
