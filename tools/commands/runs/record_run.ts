import { setTimeout as wait } from "node:timers/promises";
import { type HeldRun, LeaseLost } from "../../../functions/_shared/runs/held_run.ts";
import type { Run, RunRequest } from "../../../functions/_shared/runs/run.ts";
import type { RunStore } from "../../../functions/_shared/runs/run_store.ts";
import type { Progress } from "./progress.ts";

/** Seconds that a run stays a command's own without a sign of life. */
const LEASE = 20;

/** Milliseconds between signs of life, and between two checks of another command's run. */
const SIGN = 5_000;
const LOOK = 1_000;

/**
 * Does a command's work as a run that the database records: no one else works on one at the same time.
 * However it ends, the run ends with it. A command that is killed leaves its run to its successor, once its
 * lease has expired.
 *
 * @throws {Error} with a sentence, if another run is open.
 */
export async function recordRun<Result>(
  store: RunStore,
  request: RunRequest,
  progress: Progress,
  work: (held: HeldRun) => Promise<Result>,
): Promise<Result> {
  const held = await begin(store, request, progress);
  const signs = setInterval(() => held.renew().catch(() => {}), SIGN);
  progress.beforeInterruption = () => held.conclude("It was interrupted");
  try {
    const result = await work(held);
    await held.conclude();
    return result;
  } catch (error) {
    // The failure itself matters, not that it couldn't be recorded.
    if (!(error instanceof LeaseLost)) {
      await held.conclude(error instanceof Error ? error.message : String(error)).catch(() => {});
    }
    throw error;
  } finally {
    clearInterval(signs);
    delete progress.beforeInterruption;
  }
}

/** A killed command can't report that: whether another one is alive shows when its lease has expired. */
async function begin(store: RunStore, request: RunRequest, progress: Progress): Promise<HeldRun> {
  let other: Run | undefined;
  while (true) {
    const { run, held } = await store.begin(request, LEASE);
    if (held !== undefined) return held;
    const isSame = other?.id === run.id && other.leaseUntil === run.leaseUntil;
    if (run.askedBy !== "command" || (other !== undefined && !isSame)) {
      throw new Error(explain(run));
    }
    if (other === undefined) {
      progress.warn(
        `Run ${run.id} of another command is open: waiting to see whether that command is still running`,
      );
    }
    other = run;
    await wait(LOOK);
  }
}

function explain({ id, kind, askedBy, startedAt }: Run): string {
  const what = kind === "backfill" ? "A backfill" : "A reconciliation";
  const since = `open since ${startedAt}`;
  if (askedBy === "command") {
    return `${what} is under way: run ${id}, started by another command, ${since}. Wait until it is done, or stop it`;
  }
  const whom = askedBy === "schedule" ? "the schedule" : "a request";
  return `${what} is under way: run ${id}, asked for by ${whom}, ${since}. Wait until it is done. ` +
    'If the function "clerk-reconcile" has stopped, this command can begin a quarter of an hour ' +
    "after the run's last step";
}
