import type { CallDatabaseInBulk } from "../../../functions/clerk-webhook/database.ts";
import type { ClerkSource } from "../../../functions/_shared/clerk/clerk_source.ts";
import type { Resource } from "../../../functions/_shared/clerk/resources.ts";
import { backfill, type BackfillResult } from "../../../functions/_shared/runs/backfill.ts";
import type { HeldRun } from "../../../functions/_shared/runs/held_run.ts";
import type { RunRequest } from "../../../functions/_shared/runs/run.ts";
import { createRunStore } from "../../../functions/_shared/runs/run_store.ts";
import { unrecordedRun } from "../../../functions/_shared/runs/unrecorded_run.ts";
import { byCommand } from "./by_command.ts";
import type { Progress } from "./progress.ts";
import { recordRun } from "./record_run.ts";

/** What to backfill, from where to where. */
export interface BackfillOptions {
  source: ClerkSource;
  database: CallDatabaseInBulk;
  /** In dependency order. */
  resources: Resource[];
  /** Unix milliseconds: only objects that were updated since then. A run with this option keeps no cursors. */
  since?: number;
  /** Reads and maps everything, and writes nothing. */
  isDryRun: boolean;
  /** Starts over instead of continuing an interrupted run. */
  isRestart: boolean;
  progress: Progress;
}

/**
 * Runs a whole backfill, as a recorded run, unless nothing is to be written.
 *
 * @throws {Error} with a sentence, if Clerk or the database fails for good, if the key is for another
 * instance, or if another run is open.
 */
export async function runBackfill(options: BackfillOptions): Promise<BackfillResult[]> {
  const { resources, database, since, isDryRun, isRestart, progress } = options;
  const names = resources.map(({ name }) => name);
  const request: RunRequest = {
    kind: "backfill",
    askedBy: "command",
    isRepair: true,
    options: { only: names, ...(since === undefined ? {} : { since }) },
  };
  const work = async (held: HeldRun) => {
    if (isRestart && !isDryRun && since === undefined) {
      await database({ rpc: "delete_backfill_cursors", args: { resources: names } });
    }
    const { results } = await backfill({
      ...options,
      held,
      ...byCommand,
      observer: progress,
    });
    return results;
  };
  return isDryRun
    ? await work(unrecordedRun(request))
    : await recordRun(createRunStore(database), request, progress, work);
}
