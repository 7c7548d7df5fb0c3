import type { Json } from "./database.types.ts";
import type { CallDatabaseInBulk } from "../clerk-webhook/database.ts";
import { Inapplicable } from "../clerk-webhook/errors.ts";
import { type EventType, mappings } from "../clerk-webhook/event.ts";
import { isRecord } from "../clerk-webhook/json.ts";
import type { BulkCall, Call } from "../clerk-webhook/mapping.ts";

/** An object as Clerk's API returns it. */
type ClerkObject = Record<string, unknown> & { id: string };

/** An object that can't be mirrored as it is. */
export interface Refused {
  id: string;
  reason: string;
}

/**
 * Writes objects of one kind in their current state in Clerk, in one call, through the mappings and functions
 * that webhooks use. What is newer in the mirror, or deleted there, stays that way.
 *
 * @param eventType The event whose mapping turns the objects into rows.
 * @returns Those that the mapping or the database refuses; the others are written.
 */
export async function writeObjects(
  eventType: EventType,
  objects: ClerkObject[],
  database: CallDatabaseInBulk,
): Promise<Refused[]> {
  const { calls, refused } = mapObjects(eventType, objects);
  return [...refused, ...await writeCalls(calls, database)];
}

/** What {@link writeObjects} would write, and what the mapping refuses. */
export function mapObjects(
  eventType: EventType,
  objects: ClerkObject[],
): { calls: Mapped[]; refused: Refused[] } {
  const calls: Mapped[] = [];
  const refused: Refused[] = [];
  // What Clerk lists is valid as of now: the version of objects that carry none.
  const envelope = {
    id: "",
    type: eventType,
    occurredAt: new Date().toISOString(),
    ipAddress: null,
    userAgent: null,
  };
  for (const object of objects) {
    try {
      calls.push({ id: object.id, call: mappings[eventType].toCall(object, envelope) });
    } catch (error) {
      if (!(error instanceof Inapplicable)) throw error;
      refused.push({ id: object.id, reason: error.message });
    }
  }
  return { calls, refused };
}

interface Mapped {
  id: string;
  call: Call;
}

/** If the database refuses one row, it refuses them all: halves are tried until that row is found. */
async function writeCalls(calls: Mapped[], database: CallDatabaseInBulk): Promise<Refused[]> {
  const [first] = calls;
  if (first === undefined) return [];
  try {
    await database(toBulkCall(first.call.rpc, calls.map(({ call }) => call)));
    return [];
  } catch (error) {
    if (!(error instanceof Inapplicable)) throw error;
    if (calls.length === 1) return [{ id: first.id, reason: error.message }];
    const half = Math.ceil(calls.length / 2);
    return [
      ...await writeCalls(calls.slice(0, half), database),
      ...await writeCalls(calls.slice(half), database),
    ];
  }
}

/** Many calls of one function as one: their rows together, each id once, and no webhook. */
function toBulkCall(rpc: Call["rpc"], calls: Call[]): BulkCall {
  const args = new Map<string, Map<unknown, Json>>();
  for (const call of calls) {
    for (const [name, rows] of Object.entries(call.args)) {
      if (!Array.isArray(rows)) continue;
      const byId = args.get(name) ?? new Map<unknown, Json>();
      args.set(name, byId);
      for (const row of rows) byId.set(isRecord(row) ? row.id : row, row);
    }
  }
  return {
    rpc,
    args: Object.fromEntries([...args].map(([name, byId]) => [name, [...byId.values()]])),
  };
}
