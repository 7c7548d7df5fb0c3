import { isRecord } from "../../clerk-webhook/json.ts";
import { type DeletionCounts, reasonNotToDelete } from "../clerk/check_deletions.ts";
import { confirmGone } from "../clerk/confirm_gone.ts";
import type { Candidate } from "../clerk/mirrored.ts";
import { MAX_FILTER_IDS, type Removal } from "../clerk/resources.ts";
import type { Reconciliation, ResourceStep } from "./reconciliation.ts";

/** Objects that are counted at once. */
const COUNTED = 5_000;

/** Milliseconds after which Clerk is asked again before an object is deleted. */
const LOOK_AGAIN_AFTER = 60_000;

/** Ids that a message lists. */
const EXAMPLES = 5;

/** An object that waits to be deleted. */
interface GoneObject extends Candidate {
  /** Unix milliseconds: Clerk was certainly asked after this time. */
  askedAt: number;
}

/**
 * Counts what deleting everything that is gone would remove, a page per step, and judges it at the end.
 *
 * @returns Whether the resource is done: nothing is deleted.
 */
export async function countStep(run: Reconciliation, step: ResourceStep): Promise<boolean> {
  const { held, database, progress } = run;
  const { resource: { table }, state, result } = step;
  const { afterId, tables } = state.count ?? { afterId: "", tables: {} };
  const page = await database({
    rpc: "count_gone_objects",
    args: { run_id: held.run.id, table_name: table, after_id: afterId, page_size: COUNTED },
  });
  if (!isRecord(page) || !isRecord(page.tables)) throw new Error("Deletions can't be counted");
  const counts = addCounts(tables, page.tables);
  if (typeof page.last_id === "string") {
    state.count = { afterId: page.last_id, tables: counts };
    await held.keep(...run.forKeeping());
    return false;
  }

  delete state.count;
  const reason = reasonNotToDelete({
    table,
    counts,
    doubt: result.compared === 0
      ? "and Clerk listed none at all"
      : progress.isKnownInstance
      ? undefined
      : "and nothing before this run has shown that the mirror belongs to this instance",
    allowed: run.allowedDeletions,
    deletedSoFar: progress.deletedSoFar,
    howToAllow: run.howToAllow,
  });
  if (reason !== undefined) {
    // One more shows that there are others.
    const gone = await readGone(run, step, EXAMPLES + 1);
    const examples = gone.slice(0, EXAMPLES).map(({ id }) => id).join(", ");
    result.kept = `${reason} (${examples}${gone.length > EXAMPLES ? ", …" : ""})`;
    return true;
  }
  for (const [name, { deleted }] of Object.entries(counts)) {
    progress.deletedSoFar[name] = (progress.deletedSoFar[name] ?? 0) + deleted;
  }
  state.phase = "delete";
  await held.keep(...run.forKeeping());
  return false;
}

function addCounts(tables: DeletionCounts, page: Record<string, unknown>): DeletionCounts {
  const counts = { ...tables };
  for (const [table, count] of Object.entries(page)) {
    if (!isRecord(count)) continue;
    const deleted = (counts[table]?.deleted ?? 0) + Number(count.deleted);
    counts[table] = { deleted, rows: Number(count.rows) };
  }
  return counts;
}

/**
 * Deletes a page of what is gone. What was looked up too long ago is looked up again: it may have come back
 * since.
 *
 * @returns Whether the resource is done.
 */
export async function deleteStep(run: Reconciliation, step: ResourceStep): Promise<boolean> {
  const { held, database, budget } = run;
  const { resource: { removal, table }, result } = step;
  const page = await readGone(run, step, MAX_FILTER_IDS);
  if (page.length === 0 || removal === undefined) return true;
  const gone = await lookAgain(run, removal, page);
  for (const { id, askedAt } of gone) {
    await database(removal.toCall(id, { read_at: new Date(askedAt).toISOString() }));
  }
  result.repaired += gone.length;
  result.gone -= page.length - gone.length;
  budget.spend(0, page.length);
  await held.settleGone(...run.forKeeping(), table, page.map(({ id }) => id));
  return false;
}

async function lookAgain(
  { source }: Reconciliation,
  removal: Removal,
  page: GoneObject[],
): Promise<GoneObject[]> {
  const now = Date.now();
  const isOld = ({ askedAt }: GoneObject) => askedAt < now - LOOK_AGAIN_AFTER;
  const stillGone = await confirmGone(source, removal, page.filter(isOld));
  return [
    ...page.filter((object) => !isOld(object)),
    ...stillGone.map((object) => ({ ...object, askedAt: now })),
  ];
}

/** The first of those objects that aren't settled yet. */
async function readGone(
  { database, held }: Reconciliation,
  { resource: { table } }: ResourceStep,
  count: number,
): Promise<GoneObject[]> {
  const rows = await database({
    rpc: "read_gone_objects",
    args: { run_id: held.run.id, table_name: table, page_size: count },
  });
  if (!Array.isArray(rows)) throw new Error("What is gone can't be read");
  return rows.filter(isRecord).map(({ id, organization_id, user_id, asked_at }) => ({
    id: String(id),
    organization_id: typeof organization_id === "string" ? organization_id : null,
    user_id: typeof user_id === "string" ? user_id : null,
    askedAt: Date.parse(String(asked_at)),
  }));
}
