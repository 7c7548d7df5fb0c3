import type { Resource } from "./resources.ts";

/**
 * What a reconciliation may delete from a table without further permission: a share of its rows, and a few in
 * small tables. Anything beyond that is more likely a mistake than the truth.
 */
const SHARE = 0.05;
const ROWS = 20;

/** What deletions would do to each table: how many rows would be deleted, and how many there are. */
export type DeletionCounts = Record<string, { deleted: number; rows: number }>;

/** What is about to be deleted. */
export interface Deletions {
  table: Resource["table"];
  counts: DeletionCounts;
  /** Why nothing may be deleted without permission, if there is a reason: "and Clerk listed none at all". */
  doubt: string | undefined;
  /** Rows that may be deleted from any one table. */
  allowed: number;
  /** Rows that this run has already deleted, by table. */
  deletedSoFar: Record<string, number>;
  /** How to allow this many deletions. */
  howToAllow(rows: number): string;
}

/**
 * Judges what the deletion of objects would remove, including what belongs to them and what the run has
 * already removed.
 *
 * @returns Why it must not be done without permission, in a sentence; undefined if it may be.
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
