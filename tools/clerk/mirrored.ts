import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import type { Resource } from "./resources.ts";

/** Rows that are read at once. No index serves their order: few large pages cost less than many. */
const PAGE_SIZE = 10_000;

/** A row of a mirrored table, as far as a reconciliation needs it. */
export interface MirroredObject {
  id: string;
  /** Unix milliseconds; -Infinity for a placeholder of which nobody has told. */
  createdAt: number;
  organization_id: string | null;
  user_id: string | null;
}

/** How far the mirror is with an object. */
export interface MirroredVersion {
  /** Unix milliseconds; undefined for a placeholder. */
  updatedAt?: number;
  /** Unix milliseconds; undefined for what is not deleted. */
  deletedAt?: number;
}

type Table = Resource["table"];

/** What the mirror has of the objects with these ids; nothing of those that it does not know. */
export async function readMirroredVersions(
  database: CallDatabase,
  table: Table,
  ids: string[],
): Promise<Map<string, MirroredVersion>> {
  const versions = await database({
    rpc: "read_mirrored_versions",
    args: { table_name: table, ids },
  });
  const entries = Object.entries(isRecord(versions) ? versions : {});
  return new Map(entries.map(([id, version]) => [id, toVersion(version)]));
}

/** All rows of a table in the order of their creation, placeholders of unknown age first. */
export async function* readMirroredObjects(
  database: CallDatabase,
  table: Table,
): AsyncGenerator<MirroredObject> {
  let after: Record<string, string> = {};
  while (true) {
    const rows = await database({
      rpc: "read_mirrored_objects",
      args: { table_name: table, page_size: PAGE_SIZE, ...after },
    });
    if (!Array.isArray(rows)) throw new Error("The mirror's rows can't be read");
    const page = rows.filter(isRecord);
    for (const row of page) yield toObject(row);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    after = {
      after_created_at: String(last.created_at ?? "-infinity"),
      after_id: String(last.id),
    };
  }
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
