import { isRecord } from "../../clerk-webhook/json.ts";
import { checkInstance } from "../clerk/check_instance.ts";
import { createMirrorReader } from "../clerk/mirrored.ts";
import { reasonToLeaveOut, type Resource } from "../clerk/resources.ts";
import { comparePage, walk } from "./compare_step.ts";
import { countStep, deleteStep } from "./delete_step.ts";
import {
  newResult,
  readProgress,
  readResults,
  type ReconcileProgress,
  type ReconcileResult,
  type ResourceState,
} from "./reconcile_progress.ts";
import type { Reconciliation } from "./reconciliation.ts";
import { toKeptPosition } from "./kept_position.ts";
import type { Work } from "./work.ts";

/** Seconds within which a webhook may still be on its way, unless a run says otherwise. */
const GRACE = 60;

/**
 * Compares the mirror with Clerk, and repairs it if asked to, step by step. Each step saves where the run is,
 * so that the next one can happen anywhere. Memory holds one page of each side; the ids of what is gone are
 * kept in the database, since all of a table's are counted before any of them is deleted.
 *
 * @returns The results so far, and whether the reconciliation is done; if not, the budget is spent.
 * @throws {Error} with a sentence, if Clerk or the database fails, or if the key is for another instance.
 */
export async function reconcile(
  work: Work,
): Promise<{ results: ReconcileResult[]; isDone: boolean }> {
  const { held, resources, budget } = work;
  const isKnown = await checkInstance({ ...work, warn: work.observer.warn });
  const progress = readProgress(held.progress);
  progress.isKnownInstance ??= isKnown;
  const results = readResults(held.run.results);
  const { grace = GRACE, allow_deletions: allowedDeletions = 0 } = held.run.options;
  const run: Reconciliation = {
    ...work,
    isRepair: held.run.isRepair,
    grace: grace * 1000,
    allowedDeletions,
    progress,
    results,
    forKeeping: () => [forKeeping(progress, work), results],
  };

  while (await forgetOthers(run) > 0) {
    if (budget.isSpent()) return { results, isDone: false };
  }
  for (const resource of resources) {
    if (progress.finished.includes(resource.name)) continue;
    if (!await reconcileResource(resource, run)) return { results, isDone: false };
  }
  return { results, isDone: !held.run.isRepair || await pruneErasedRows(run) };
}

/** Returns whether the resource is done. */
async function reconcileResource(resource: Resource, run: Reconciliation): Promise<boolean> {
  const { name, table } = resource;
  const { database, budget, observer, held, progress, results } = run;
  let result = results.find((result) => result.name === name);
  if (result === undefined) results.push(result = newResult(name));
  const state: ResourceState = progress.current?.name === name
    ? progress.current
    : { name, phase: "compare", isListed: false };
  progress.current = state;
  const reader = createMirrorReader(database, table, state.after);

  observer.begin(name, result.compared);
  try {
    let isThrough = false;
    while (!isThrough) {
      if (budget.isSpent()) return false;
      const step = { resource, state, result, reader };
      if (state.phase === "count") isThrough = await countStep(run, step);
      else if (state.phase === "delete") isThrough = await deleteStep(run, step);
      else {
        if (state.walk === undefined) await comparePage(run, step);
        isThrough = await walk(run, step);
      }
    }
  } catch (error) {
    result.skipped = reasonToLeaveOut(resource, error);
    observer.skip(name, `left out: ${result.skipped}`);
  }
  delete progress.current;
  progress.finished.push(name);
  await held.keep(...run.forKeeping());
  if (result.skipped === undefined) observer.end(name, result.compared);
  return true;
}

function forKeeping(progress: ReconcileProgress, { source }: Work): ReconcileProgress {
  const { current } = progress;
  const position = current?.position && toKeptPosition(current.position);
  return {
    ...progress,
    turns: source.turns(),
    ...(current === undefined ? {} : { current: { ...current, ...(position && { position }) } }),
  };
}

/** What earlier runs found gone but didn't delete is no longer needed. Returns how many were forgotten. */
async function forgetOthers({ database, held }: Reconciliation): Promise<number> {
  const args = { except_run_id: held.run.id };
  return Number(await database({ rpc: "forget_gone_objects", args }));
}

/**
 * Removes the remains of deleted objects that no foreign key of the application holds any more. Returns
 * whether all of them were looked at.
 */
async function pruneErasedRows(run: Reconciliation): Promise<boolean> {
  const { database, budget, held, progress } = run;
  while (true) {
    if (budget.isSpent()) return false;
    const page = await database({ rpc: "prune_erased_rows", args: { ...progress.pruned } });
    const last = isRecord(page) && isRecord(page.last) ? page.last : undefined;
    if (last === undefined) return true;
    progress.pruned = {
      after_table_name: String(last.table_name),
      after_object_id: String(last.object_id),
    };
    await held.keep(...run.forKeeping());
  }
}
