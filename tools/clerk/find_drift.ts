import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { CLOCK_TOLERANCE } from "./check_instance.ts";
import { type ClerkObject, type ClerkSource, isNotFound } from "./clerk_source.ts";
import {
  type MirroredObject,
  type MirroredVersion,
  readMirroredObjects,
  readMirroredVersions,
} from "./mirrored.ts";
import { expectedCount, readPages } from "./read_pages.ts";
import { MAX_FILTER_IDS, type Removal, type Resource } from "./resources.ts";

/** How an object of Clerk's can differ from the mirror's: `buried` is deleted here, though Clerk has it. */
const KINDS = ["missing", "outdated", "buried"] as const;

/**
 * A page's worth of differences, as the object is in Clerk, or was in the mirror. Unix milliseconds tell
 * since when Clerk has certainly been asked.
 */
export type Drift =
  | { kind: (typeof KINDS)[number]; objects: ClerkObject[]; askedAt: number }
  | { kind: "gone"; objects: MirroredObject[]; askedAt: number };

/** What to compare. */
export interface DriftOptions {
  source: ClerkSource;
  database: CallDatabase;
  resource: Resource;
  /** Milliseconds: what was updated within them is left alone, since its webhook may be on its way. */
  grace: number;
  /** Hears how many objects of Clerk's were compared. */
  onPage?: (count: number, expected: number | undefined) => void;
  /** Hears how many objects Clerk counts and did not give: what lies behind them can't be told. */
  onShortfall?: (count: number) => void;
}

/**
 * Compares a table with Clerk's list, both in the order of creation and page by page: what the mirror
 * lacks, what is newer in Clerk, what is deleted here though Clerk has it, and what only the mirror has.
 * The last is looked for in Clerk once more, one by one, before it counts: no list that was read while
 * objects came and went is proof.
 */
export async function* findDrift(options: DriftOptions): AsyncGenerator<Drift> {
  const { source, resource, onPage, onShortfall } = options;
  const findGone = goneFinder(options);
  let count = 0;
  let askedAt = Date.now();
  let remaining: number | undefined;
  for await (const page of readPages(resource.listing(source))) {
    const expected = expectedCount(page, count);
    ({ remaining } = page);
    count += page.objects.length;
    onPage?.(count, expected);
    const objects = await resource.expand?.(source, page.objects) ?? page.objects;
    yield* await findStale(options, objects, askedAt);
    yield* findGone(page.objects, page.position.key);
    askedAt = Date.now();
  }
  if (remaining) onShortfall?.(remaining);
  else yield* findGone([], Infinity);
}

/** Those of the objects that the mirror lacks, has an older version of, or takes for deleted. */
async function findStale(
  { database, resource, grace }: DriftOptions,
  objects: ClerkObject[],
  askedAt: number,
): Promise<Drift[]> {
  const settled = objects.filter(({ updated_at }) => !(Number(updated_at) > Date.now() - grace));
  const states = await compareWithMirror(database, resource, settled, aliveAt(askedAt, grace));
  const drift: Drift[] = KINDS.map((kind) => ({
    kind,
    objects: settled.filter(({ id }) => states.get(id) === kind),
    askedAt,
  }));
  return drift.filter(({ objects }) => objects.length > 0);
}

/** Until when what Clerk has shown certainly lived: clocks differ, and deletions may be on their way. */
export function aliveAt(askedAt: number, grace: number): number {
  return askedAt - Math.max(grace, CLOCK_TOLERANCE);
}

/**
 * How the mirror stands with each of the objects, by id. One that was deleted in the mirror since it
 * certainly lived is in order: its deletion came after the list was read. So is one whose owner is
 * deleted: Clerk goes on listing the payments of users who are gone. One that was deleted before is
 * `buried`: Clerk does not use an id again, so that the deletion can't be true.
 *
 * @param aliveAt Unix milliseconds.
 */
export async function compareWithMirror(
  database: CallDatabase,
  { table }: Resource,
  objects: ClerkObject[],
  aliveAt: number,
): Promise<Map<string, "in order" | (typeof KINDS)[number]>> {
  const ids = objects.flatMap((object) => [object.id, ...ownersOf(object)]);
  const versions = await readMirroredVersions(database, table, [...new Set(ids)]);
  const isDeleted = (id: string) => versions.get(id)?.deletedAt !== undefined;
  return new Map(objects.map((object) => {
    const { id, updated_at } = object;
    const version = versions.get(id);
    if (ownersOf(object).some(isDeleted)) return [id, "in order"];
    if (version === undefined) return [id, "missing"];
    const { deletedAt } = version;
    if (deletedAt !== undefined) return [id, deletedAt < aliveAt ? "buried" : "in order"];
    return [id, isOlder(version, updated_at) ? "outdated" : "in order"];
  }));
}

/** Ids of the users and organizations that an object belongs to, wherever its kind has them. */
function ownersOf(object: ClerkObject): string[] {
  const { organization_id, organization, public_user_data, payer } = object;
  const holders = [public_user_data, payer].filter(isRecord);
  return [
    organization_id,
    isRecord(organization) && organization.id,
    ...holders.flatMap(({ user_id, organization_id }) => [user_id, organization_id]),
  ].filter((id) => typeof id === "string");
}

/** A placeholder is older than anything. */
function isOlder({ updatedAt }: MirroredVersion, time: unknown): boolean {
  return updatedAt === undefined || (typeof time === "number" && updatedAt < time);
}

/**
 * Follows Clerk's list through the mirror's rows. Given a page and the time of creation at which it
 * ends, it yields the older rows that no page has had, and that Clerk does not have on a second look.
 */
function goneFinder({ source, database, resource }: DriftOptions) {
  const { removal, table } = resource;
  const rows = readMirroredObjects(database, table);
  let row: IteratorResult<MirroredObject, void> | undefined;
  // Ids that may still be met among the rows, with their times of creation.
  let listed = new Map<string, number>();

  return async function* (objects: ClerkObject[], end: number): AsyncGenerator<Drift> {
    if (removal === undefined) return;
    for (const { id, created_at } of objects) listed.set(id, created_at);
    const candidates = [];
    for (
      row ??= await rows.next();
      !row.done && row.value.createdAt < end;
      row = await rows.next()
    ) {
      if (!listed.has(row.value.id)) candidates.push(row.value);
      if (candidates.length >= MAX_FILTER_IDS) {
        yield* confirmGone(source, removal, candidates.splice(0));
      }
    }
    yield* confirmGone(source, removal, candidates);
    listed = new Map([...listed].filter(([, createdAt]) => createdAt >= end));
  };
}

async function* confirmGone(
  source: ClerkSource,
  removal: Removal,
  candidates: MirroredObject[],
): AsyncGenerator<Drift> {
  if (candidates.length === 0) return;
  const askedAt = Date.now();
  const found = await removal.findExisting?.(source, candidates.map(({ id }) => id));
  const existing = new Set(found?.objects.map(({ id }) => id));
  const gone = [];
  for (const candidate of candidates) {
    if (!existing.has(candidate.id) && !await exists(source, removal, candidate)) {
      gone.push(candidate);
    }
  }
  if (gone.length > 0) yield { kind: "gone", objects: gone, askedAt };
}

async function exists(
  source: ClerkSource,
  removal: Removal,
  object: MirroredObject,
): Promise<boolean> {
  try {
    return await source.ask((clerk) => removal.exists(clerk, object));
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
