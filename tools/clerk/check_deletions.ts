import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import type { Resource } from "./resources.ts";

/**
 * What a reconciliation may delete of a table without being asked for more: a share of its rows, and in
 * small tables a few. What goes beyond is more likely a mistake than the truth.
 */
const SHARE = 0.05;
const ROWS = 20;

/** Ids that are counted at once. */
const BATCH_SIZE = 10_000;

/** What deletions would do to one table. */
interface TableCount {
  table: string;
  deleted: number;
  rows: number;
}

/** What is about to be deleted. */
export interface Deletions {
  database: CallDatabase;
  table: Resource["table"];
  ids: string[];
  /** Why none may go by itself, if there is a reason: "and Clerk listed none at all". */
  doubt: string | undefined;
  /** Rows of any one table that may go. */
  allowed: number;
  /** Rows that this run has deleted already, by table; what may be deleted now is added. */
  deletedSoFar: Map<string, number>;
}

/**
 * Counts what the deletion of these objects would remove, with what belongs to them and with what the
 * run has removed before.
 *
 * @returns Why it must not be done without being asked for, in a sentence; undefined if it may be.
 */
export async function reasonNotToDelete(deletions: Deletions): Promise<string | undefined> {
  const { table, doubt, allowed, deletedSoFar } = deletions;
  const counts = (await countDeletions(deletions)).map((count) => {
    const before = deletedSoFar.get(count.table) ?? 0;
    return { ...count, deleted: before + count.deleted, rows: before + count.rows };
  });
  const isTooMany = ({ deleted, rows, ...count }: TableCount) =>
    deleted > allowed && (
      deleted > Math.max(ROWS, SHARE * rows) || (doubt !== undefined && count.table === table)
    );
  const tooMany = counts.filter(isTooMany);
  if (tooMany.length === 0) {
    for (const { table, deleted } of counts) deletedSoFar.set(table, deleted);
    return undefined;
  }

  const most = Math.max(...tooMany.map(({ deleted }) => deleted));
  const what = tooMany.map(({ table, deleted, rows }) =>
    `${deleted.toLocaleString("en")} of ${rows.toLocaleString("en")} rows of ${table}`
  ).join(" and ");
  const why = doubt ?? `more than ${SHARE * 100} percent (and more than ${ROWS})`;
  return `${what} would go, ${why}: none was deleted. If that is right, add "--allow-deletions ${most}"`;
}

async function countDeletions(deletions: Deletions): Promise<TableCount[]> {
  const { database, table, ids } = deletions;
  const counts = new Map<string, TableCount>();
  for (let start = 0; start < ids.length; start += BATCH_SIZE) {
    const answer = await database({
      rpc: "count_deletions",
      args: { table_name: table, ids: ids.slice(start, start + BATCH_SIZE) },
    });
    if (!isRecord(answer)) throw new Error("The deletions can't be counted");
    for (const [table, count] of Object.entries(answer)) {
      if (!isRecord(count)) continue;
      const before = counts.get(table)?.deleted ?? 0;
      const deleted = before + Number(count.deleted);
      counts.set(table, { table, deleted, rows: Number(count.rows) });
    }
  }
  return [...counts.values()];
}
