import { parameter, record, records, requiredParameter, text, textOrNull } from "../fields.ts";
import { HttpError } from "../http_error.ts";
import { MIRRORED_TABLES } from "../mirrored_tables.ts";
import type { CallFunction } from "../project_client.ts";
import type { Route } from "../route.ts";
import type { EventRow, FoundObject, FoundObjects, ObjectDetail } from "../shapes.ts";
import { toEventRow } from "./events.ts";

/** Characters of an id or a name: the database compares no more. */
const LONGEST_QUERY = 300;

/** Of one object. */
const MOST_EVENTS = 200;

/** Milliseconds after which the search of the ledger stops. */
const SEARCH_TIME = 2_500;

export const objectRoutes: Route[] = [
  {
    method: "GET",
    path: "/api/objects",
    async answer({ query }, { call }): Promise<FoundObjects> {
      const sought = parameter(query, "query")?.slice(0, LONGEST_QUERY) ?? "";
      const found = record(await call("find_objects", { query: sought }));
      return { objects: records(found.objects).map(toFoundObject), isCut: found.is_cut === true };
    },
  },
  {
    method: "GET",
    path: "/api/object",
    async answer({ query }, { call }): Promise<ObjectDetail> {
      const id = requiredParameter(query, "id").slice(0, LONGEST_QUERY);
      const table = parameter(query, "table");
      if (table !== undefined && !MIRRORED_TABLES.includes(table)) {
        throw new HttpError(400, `"${table}" is not a mirrored table`);
      }
      const [found, way] = await Promise.all([
        call("read_object", {
          object_id: id,
          ...(table === undefined ? {} : { table_name: table }),
        }),
        readWay(id, call),
      ]);
      if (found === null) throw new HttpError(404, `The mirror has never heard of "${id}"`);
      return { ...toDetail(record(found)), events: way.events, areEventsCut: way.isCut };
    },
  },
];

/** An object's way through the ledger. There is no index for it: the latest part of the ledger is scanned. */
async function readWay(
  id: string,
  call: CallFunction,
): Promise<{ events: EventRow[]; isCut: boolean }> {
  const deadline = Date.now() + SEARCH_TIME;
  const events: EventRow[] = [];
  let before: string | null = null;
  do {
    const page = record(
      await call("read_events", {
        event_object_id: id,
        page_size: MOST_EVENTS - events.length,
        ...(before === null ? {} : { before }),
      }),
    );
    events.push(...records(page.events).map(toEventRow));
    before = textOrNull(page.before);
  } while (before !== null && events.length < MOST_EVENTS && Date.now() < deadline);
  return { events: events.reverse(), isCut: before !== null };
}

/** An object as the database describes it. */
export function toFoundObject(object: Record<string, unknown>): FoundObject {
  return {
    table: text(object.table),
    id: text(object.id),
    label: textOrNull(object.label),
    state: toState(object.state),
  };
}

function toState(state: unknown): FoundObject["state"] {
  return state === "placeholder" || state === "erased" || state === "deleted" ? state : "full";
}

function toDetail(object: Record<string, unknown>): Omit<ObjectDetail, "events" | "areEventsCut"> {
  const version = record(object.version);
  const tombstone = record(object.tombstone);
  return {
    ...toFoundObject(object),
    row: object.row === null ? null : record(object.row),
    version: object.version === null ? null : {
      updatedAt: textOrNull(version.updated_at),
      occurredAt: textOrNull(version.occurred_at),
      webhookId: text(version.webhook_id),
    },
    tombstone: object.tombstone === null ? null : { deletedAt: text(tombstone.deleted_at) },
    owners: records(object.owners).map(toFoundObject),
    belongings: records(object.belongings).map(({ table, count, objects }) => ({
      table: text(table),
      count: Number(count),
      objects: records(objects).map(toFoundObject),
    })),
  };
}
