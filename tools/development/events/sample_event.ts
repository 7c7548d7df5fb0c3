/** Realistic Clerk events, made from the fixtures: fresh ids each time, times up to now. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { newId } from "./new_id.ts";

/** Packed with the command line; in the repository, the tests' fixtures. */
const PACKED = new URL("./contents/events/", import.meta.url);
const FIXTURES = existsSync(PACKED)
  ? PACKED
  : new URL("../../../tests/fixtures/events/", import.meta.url);

/** An event as Clerk sends it. */
export interface SampleEvent {
  object: "event";
  type: string;
  /** Unix milliseconds. */
  timestamp: number;
  instance_id: string;
  event_attributes: { http_request: { client_ip: string; user_agent: string } };
  // deno-lint-ignore no-explicit-any -- any of Clerk's objects, to be read and changed in tests
  data: any;
}

/** A fixture: an event, and the row that the mirror writes for it. */
export interface Sample {
  event: SampleEvent;
  /** Undefined if the event is ignored; `values` is null if the row is removed. */
  row?: { table: string; values: Record<string, unknown> | null };
}

/** What to change in a sample. */
export interface SampleOptions {
  /**
   * Fields of `data` by path, such as `{ "organization.name": "Acme" }`. If the path holds an id, the new one
   * replaces it everywhere, so that related objects stay together.
   */
  data?: Record<string, unknown>;
  /** Unix milliseconds of the event; all its other times keep their distance to it. Now by default. */
  at?: number;
}

/** The types that have samples. */
export function sampleTypes(): string[] {
  return readdirSync(FIXTURES).map((name) => basename(name, ".json")).sort();
}

/**
 * Creates an event.
 *
 * @throws {Error} if there is no sample of the type, or `data` has no object where a path begins.
 */
export function sampleEvent(type: string, options: SampleOptions = {}): SampleEvent {
  return sample(type, options).event;
}

/** Creates an event and its expected row; times in the row are Unix milliseconds. */
export function sample(type: string, options: SampleOptions = {}): Sample {
  const fixture = readFixture(type);
  const at = options.at ?? Date.now();
  const overrides = Object.entries(options.data ?? {});
  const ids = new Map<string, unknown>();
  for (const [path, value] of overrides) {
    const { parent, key } = locate(fixture.event.data, path);
    if (isSampleId(parent[key])) ids.set(parent[key], value);
  }

  const fresh: Sample = JSON.parse(JSON.stringify(fixture), (_key, value) => {
    if (isSampleId(value)) return freshId(ids, value, at);
    return isTime(value) ? value + at - fixture.event.timestamp : value;
  });
  for (const [path, value] of overrides) {
    const { parent, key } = locate(fresh.event.data, path);
    parent[key] = value;
  }
  return fresh;
}

function readFixture(type: string): Sample {
  let text: string;
  try {
    text = readFileSync(new URL(`${type}.json`, FIXTURES), "utf8");
  } catch (cause) {
    throw new Error(`There is no sample of the type "${type}"`, { cause });
  }
  return JSON.parse(text);
}

function locate(data: SampleEvent["data"], path: string): { parent: typeof data; key: string } {
  const keys = path.split(".");
  const parent = keys.slice(0, -1).reduce((value, key) => value?.[key], data);
  if (typeof parent !== "object" || parent === null) {
    throw new Error(`The sample has nothing at the path "${path}"`);
  }
  return { parent, key: keys.at(-1) ?? "" };
}

/** The ids in the fixtures, except the instance's, which stays the same. */
function isSampleId(value: unknown): value is string {
  return typeof value === "string" && /^(?!ins_)[a-z_]+_[0-9A-Za-z]{26,27}$/.test(value);
}

function freshId(ids: Map<string, unknown>, old: string, at: number): unknown {
  const id = ids.get(old) ?? newId(old.slice(0, old.lastIndexOf("_")), at);
  ids.set(old, id);
  return id;
}

/** Unix milliseconds in this century, which no other number in the fixtures looks like. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value > 1e12;
}
