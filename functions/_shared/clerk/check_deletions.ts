import type { Resource } from "./resources.ts";

/**
 * What a reconciliation may delete of a table without being asked for more: a share of its rows, and in
 * small tables a few. What goes beyond is more likely a mistake than the truth.
 */
const SHARE = 0.05;
const ROWS = 20;

/** What deletions would do to each table: how many rows would go, and how many there are. */
export type DeletionCounts = Record<string, { deleted: number; rows: number }>;

/** What is about to be deleted. */
export interface Deletions {
  table: Resource["table"];
  counts: DeletionCounts;
  /** Why none may go by itself, if there is a reason: "and Clerk listed none at all". */
  doubt: string | undefined;
  /** Rows of any one table that may go. */
  allowed: number;
  /** Rows that this run has deleted already, by table. */
  deletedSoFar: Record<string, number>;
  /** What to do to have so many rows deleted. */
  howToAllow(rows: number): string;
}

/**
 * Judges what the deletion of objects would remove, with what belongs to them and with what the run has
 * removed before.
 *
 * @returns Why it must not be done without being asked for, in a sentence; undefined if it may be.
 */
export function reasonNotToDelete(deletions: Deletions): string | undefined {
  const { doubt, allowed, howToAllow } = deletions;
  const counts = Object.entries(deletions.counts).map(([table, count]) => {
    const before = deletions.deletedSoFar[table] ?? 0;
    return { table, deleted: before + count.deleted, rows: before + count.rows };
  });
  const tooMany = counts.filter(({ table, deleted, rows }) =>
    deleted > allowed && (
      deleted > Math.max(ROWS, SHARE * rows) || (doubt !== undefined && table === deletions.table)
    )
  );
  if (tooMany.length === 0) return undefined;

  const most = Math.max(...tooMany.map(({ deleted }) => deleted));
  const what = tooMany.map(({ table, deleted, rows }) =>
    `${deleted.toLocaleString("en")} of ${rows.toLocaleString("en")} rows of ${table}`
  ).join(" and ");
  const why = doubt ?? `more than ${SHARE * 100} percent (and more than ${ROWS})`;
  return `${what} would go, ${why}: none was deleted. If that is right, ${howToAllow(most)}`;
}
