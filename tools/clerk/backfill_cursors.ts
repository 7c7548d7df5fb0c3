import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import type { Position } from "./read_pages.ts";

/** How far a backfill has come with a resource. */
export interface Cursor {
  /** Undefined where the list has turned out empty. */
  position?: Position;
  /** Objects that were read. */
  count: number;
  isFinished: boolean;
}

/** Where the database keeps how far a backfill has come. */
export interface Cursors {
  /** Those of an unfinished backfill, by resource. */
  read(): Promise<Map<string, Cursor>>;
  keep(resource: string, cursor: Cursor): Promise<void>;
  delete(resources: string[]): Promise<void>;
}

export function createCursors(database: CallDatabase): Cursors {
  return {
    async read() {
      const rows = await database({ rpc: "read_backfill_cursors", args: {} });
      return new Map(
        (Array.isArray(rows) ? rows : []).filter(isRecord).map((row) => [
          String(row.resource),
          toCursor(row),
        ]),
      );
    },
    async keep(resource, { position, count, isFinished }) {
      await database({
        rpc: "keep_backfill_cursor",
        args: {
          resource,
          last_position: position === undefined ? {} : { ...position },
          object_count: count,
          is_finished: isFinished,
        },
      });
    },
    async delete(resources) {
      await database({ rpc: "delete_backfill_cursors", args: { resources } });
    },
  };
}

function toCursor({ last_position, object_count, is_finished }: Record<string, unknown>): Cursor {
  const cursor = { count: Number(object_count), isFinished: is_finished === true };
  if (!isRecord(last_position) || typeof last_position.id !== "string") return cursor;
  const { id, key, createdAfter, offset } = last_position;
  return {
    ...cursor,
    position: {
      id,
      key: Number(key),
      createdAfter: Number(createdAfter),
      offset: Number(offset),
    },
  };
}
