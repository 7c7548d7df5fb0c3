import type { CallDatabaseInBulk } from "../../../functions/clerk-webhook/database.ts";
import type { ClerkSource } from "../../../functions/_shared/clerk/clerk_source.ts";
import type { Resource } from "../../../functions/_shared/clerk/resources.ts";
import { reconcile } from "../../../functions/_shared/runs/reconcile.ts";
import type { ReconcileResult } from "../../../functions/_shared/runs/reconcile_progress.ts";
import type { RunRequest } from "../../../functions/_shared/runs/run.ts";
import { createRunStore } from "../../../functions/_shared/runs/run_store.ts";
import { byCommand } from "./by_command.ts";
import type { Progress } from "./progress.ts";
import { recordRun } from "./record_run.ts";

/** What to compare, and whether to repair it. */
export interface ReconcileOptions {
  source: ClerkSource;
  database: CallDatabaseInBulk;
  /** In dependency order. */
  resources: Resource[];
  isRepair: boolean;
  /** Seconds: what was updated this recently is left alone, since its webhook may be on its way. */
  grace: number;
  /** Rows that may be deleted from any one table, if they exceed the default limit. */
  allowedDeletions: number;
  progress: Progress;
}

/**
 * Runs a whole reconciliation, as a recorded run.
 *
 * @throws {Error} with a sentence, if Clerk or the database fails for good, if the key is for another
 * instance, or if another run is open.
 */
export async function runReconcile(options: ReconcileOptions): Promise<ReconcileResult[]> {
  const { resources, database, isRepair, grace, allowedDeletions, progress } = options;
  const request: RunRequest = {
    kind: "reconcile",
    askedBy: "command",
    isRepair,
    options: {
      only: resources.map(({ name }) => name),
      grace,
      allow_deletions: allowedDeletions,
    },
  };
  return await recordRun(createRunStore(database), request, progress, async (held) => {
    const { results } = await reconcile({
      ...options,
      held,
      ...byCommand,
      observer: progress,
    });
    return results;
  });
}
