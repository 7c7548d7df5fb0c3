import { backfill } from "./backfill.ts";
import { reconcile } from "./reconcile.ts";
import type { Work } from "./work.ts";

/**
 * Works on a run until it is done or the budget is spent. Returns whether it is done.
 *
 * @throws {Error} with a sentence, if it can't continue.
 */
export async function workOnRun(work: Work): Promise<boolean> {
  const { isDone } = work.held.run.kind === "backfill"
    ? await backfill(work)
    : await reconcile(work);
  return isDone;
}
