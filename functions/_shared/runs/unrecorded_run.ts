import type { HeldRun } from "./held_run.ts";
import type { RunRequest } from "./run.ts";

/** A run that isn't recorded in the database: one that writes nothing at all. */
export function unrecordedRun(request: RunRequest): HeldRun {
  const nothing = () => Promise.resolve();
  const now = new Date().toISOString();
  return {
    run: {
      ...request,
      id: 0,
      state: "open",
      startedAt: now,
      leaseUntil: now,
      isLeased: true,
      sliceCount: 1,
      failureCount: 0,
      results: [],
      error: null,
    },
    progress: {},
    hasKept: () => false,
    keep: nothing,
    keepCursor: nothing,
    keepGone: nothing,
    settleGone: nothing,
    renew: nothing,
    release: nothing,
    conclude: nothing,
  };
}
