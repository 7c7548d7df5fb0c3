import type { CallDatabase } from "../../clerk-webhook/database.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import type { Database } from "../database.types.ts";

/**
 * Rows that are read at once: an index serves their order, so the cost depends only on the size of the page.
 */
const PAGE_SIZE = 1_000;

/** A row of a mirrored table, as far as a reconciliation needs it. */
export interface MirroredObject {
  id: string;
  /** Unix milliseconds; -Infinity for a placeholder with no facts yet. */
  createdAt: number;
  organization_id: string | null;
  user_id: string | null;
}

/** What state an object has in the mirror. */
export interface MirroredVersion {
  /** Unix milliseconds; undefined for a placeholder. */
  updatedAt?: number;
  /** Unix milliseconds; undefined if it isn't deleted. */
  deletedAt?: number;
}

/** What is needed to ask Clerk for an object. */
export type Candidate = Pick<MirroredObject, "id" | "organization_id" | "user_id">;

/** A mirrored table, by the mirror's own name. */
export type MirroredTable = keyof Database["public"]["Tables"];

/** What the mirror has for the objects with these ids, leaving out the unknown ones. */
export async function readMirroredVersions(
  database: CallDatabase,
  table: MirroredTable,
  ids: string[],
): Promise<Map<string, MirroredVersion>> {
  const versions = await database({
    rpc: "read_mirrored_versions",
    args: { table_name: table, ids },
  });
  const entries = Object.entries(isRecord(versions) ? versions : {});
  return new Map(entries.map(([id, version]) => [id, toVersion(version)]));
}

/** A reader's position in a table: after this row. */
export interface MirrorPosition {
  /** As the database formats it. */
  created_at: string;
  id: string;
}

/** Reads a table in order of creation, placeholders of unknown age first. */
export interface MirrorReader {
  /** The next row; undefined at the end. */
  peek(): Promise<MirroredObject | undefined>;
  /** Moves past the row that was peeked at. */
  take(): void;
  /** Undefined at the beginning. */
  position(): MirrorPosition | undefined;
}

/** @param after Where an earlier reader stopped. */
export function createMirrorReader(
  database: CallDatabase,
  table: MirroredTable,
  after?: MirrorPosition,
): MirrorReader {
  let position = after;
  let rows: StoredRow[] = [];
  let next = 0;
  let isEnd = false;
  return {
    async peek() {
      if (next === rows.length && !isEnd) {
        rows = await readPage(database, table, PAGE_SIZE, position);
        next = 0;
        isEnd = rows.length < PAGE_SIZE;
      }
      return rows[next]?.object;
    },
    take() {
      position = rows[next++]?.position ?? position;
    },
    position: () => position,
  };
}

/** The first rows of a table, in that order. */
export async function readFirstMirrored(
  database: CallDatabase,
  table: MirroredTable,
  count: number,
): Promise<MirroredObject[]> {
  return (await readPage(database, table, count)).map(({ object }) => object);
}

interface StoredRow {
  object: MirroredObject;
  position: MirrorPosition;
}

async function readPage(
  database: CallDatabase,
  table: MirroredTable,
  size: number,
  after?: MirrorPosition,
): Promise<StoredRow[]> {
  const rows = await database({
    rpc: "read_mirrored_objects",
    args: {
      table_name: table,
      page_size: size,
      ...(after === undefined ? {} : { after_created_at: after.created_at, after_id: after.id }),
    },
  });
  if (!Array.isArray(rows)) throw new Error("The mirror's rows can't be read");
  return rows.filter(isRecord).map((row) => ({
    object: toObject(row),
    position: { created_at: String(row.created_at ?? "-infinity"), id: String(row.id) },
  }));
}

function toVersion(version: unknown): MirroredVersion {
  const { updated_at, deleted_at } = isRecord(version) ? version : {};
  return {
    ...(typeof updated_at === "string" ? { updatedAt: Date.parse(updated_at) } : {}),
    ...(typeof deleted_at === "string" ? { deletedAt: Date.parse(deleted_at) } : {}),
  };
}

function toObject(row: Record<string, unknown>): MirroredObject {
  const { id, created_at, organization_id, user_id } = row;
  return {
    id: String(id),
    createdAt: typeof created_at === "string" ? Date.parse(created_at) : -Infinity,
    organization_id: typeof organization_id === "string" ? organization_id : null,
    user_id: typeof user_id === "string" ? user_id : null,
  };
}
