import type { CallDatabaseInBulk } from "../../clerk-webhook/database.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import { checkInstance } from "../clerk/check_instance.ts";
import type { ClerkObject } from "../clerk/clerk_source.ts";
import { expectedCount, type Page, readPages } from "../clerk/read_pages.ts";
import { readUpdatedSince } from "../clerk/read_updated_since.ts";
import { reasonToLeaveOut, type Resource } from "../clerk/resources.ts";
import { mapObjects, type Refused, writeObjects } from "../write_objects.ts";
import type { Cursor } from "./held_run.ts";
import { readKeptPosition, toKeptPosition } from "./kept_position.ts";
import { addRefused, type ResourceResult, type Work } from "./work.ts";

/** The result for a resource. */
export interface BackfillResult extends ResourceResult {
  /** Objects that were read, including those read before an interrupted run was resumed. */
  count: number;
}

/** A backfill's work. */
export interface BackfillWork extends Work {
  /** Reads and maps everything, and writes nothing. */
  isDryRun?: boolean;
}

/**
 * Reads a Clerk instance and writes it into the mirror, one page at a time. It can run while webhooks arrive,
 * and as often as you like: versions and tombstones decide what is written. It continues where an earlier
 * slice, or an interrupted run, stopped, using the cursors that are kept in the database. A run limited to
 * what was updated since some time keeps none.
 *
 * @returns The results, and whether the backfill is done; if not, the budget is spent.
 * @throws {Error} with a sentence, if Clerk or the database fails, or if the key is for another instance.
 */
export async function backfill(
  work: BackfillWork,
): Promise<{ results: BackfillResult[]; isDone: boolean }> {
  const { held, database, resources, isDryRun = false } = work;
  await checkInstance({ ...work, isDryRun, warn: work.observer.warn });
  const keepsCursors = held.run.options.since === undefined && !isDryRun;
  const cursors = keepsCursors ? await readCursors(database) : new Map<string, Cursor>();
  const results = readResults(held.run.results);
  for (const resource of resources) {
    const cursor = cursors.get(resource.name);
    const earlier = results.find(({ name }) => name === resource.name);
    if (earlier?.skipped !== undefined) continue;
    const result = earlier ?? {
      name: resource.name,
      count: cursor?.count ?? 0,
      refused: [],
      refused_count: 0,
    };
    if (earlier === undefined) results.push(result);
    if (cursor?.isFinished) {
      const count = result.count.toLocaleString("en");
      work.observer.skip(resource.name, `${count} were read before the interruption`);
      continue;
    }
    if (work.budget.isSpent()) return { results, isDone: false };
    const isDone = await backfillResource(resource, work, cursor, result, results);
    if (!isDone) return { results, isDone };
  }
  // For what an interrupted run had already finished, these are the only record.
  await held.keep({ turns: work.source.turns() }, results);
  return { results, isDone: true };
}

/** Returns whether the resource is finished. */
async function backfillResource(
  resource: Resource,
  work: BackfillWork,
  cursor: Cursor | undefined,
  result: BackfillResult,
  results: BackfillResult[],
): Promise<boolean> {
  const { name } = resource;
  const { held, source, database, budget, observer, isDryRun = false } = work;
  const { since } = held.run.options;
  const keep = async (cursor: Cursor) => {
    const progress = { turns: source.turns() };
    if (since === undefined) await held.keepCursor(progress, results, name, cursor);
    else await held.keep(progress, results);
  };
  let position = cursor?.position;
  let expected: number | undefined;
  let remaining: number | undefined;
  observer.begin(name, result.count);
  try {
    for await (const page of pagesOf(resource, work, position)) {
      expected ??= expectedCount(page, result.count);
      ({ remaining } = page);
      position = toKeptPosition(page.position);
      const objects = await resource.expand?.(source, page.objects) ?? page.objects;
      const wanted = objects.filter((object) => isUpdatedSince(object, since));
      addRefused(result, await write(resource, wanted, database, isDryRun));
      result.count += page.objects.length;
      budget.spend(page.objects.length, resource.expand ? page.objects.length : 0);
      observer.advance(name, result.count, expected);
      if (page.isLast) break;
      await keep({ position, count: result.count, isFinished: false });
      if (budget.isSpent()) return false;
    }
  } catch (error) {
    result.skipped = reasonToLeaveOut(resource, error);
    observer.skip(name, `left out: ${result.skipped}`);
    await held.keep({ turns: source.turns() }, results);
    return true;
  }
  if (remaining) result.shortfall = remaining;
  await keep({ ...(position && { position }), count: result.count, isFinished: true });
  observer.end(name, result.count);
  return true;
}

async function write(
  { eventType }: Resource,
  objects: ClerkObject[],
  database: CallDatabaseInBulk,
  isDryRun: boolean,
): Promise<Refused[]> {
  return isDryRun
    ? mapObjects(eventType, objects).refused
    : await writeObjects(eventType, objects, database);
}

function pagesOf(
  resource: Resource,
  { source, held }: BackfillWork,
  position: Cursor["position"],
): AsyncGenerator<Page> {
  const { since } = held.run.options;
  return since !== undefined && resource.recentlyUpdated
    ? readUpdatedSince(resource.recentlyUpdated(source), since)
    : readPages(resource.listing(source), position);
}

function isUpdatedSince({ updated_at }: ClerkObject, since = -Infinity): boolean {
  return typeof updated_at !== "number" || updated_at >= since;
}

/** The cursors of an unfinished backfill, by resource. */
async function readCursors(database: CallDatabaseInBulk): Promise<Map<string, Cursor>> {
  const rows = await database({ rpc: "read_backfill_cursors", args: {} });
  return new Map(
    (Array.isArray(rows) ? rows : []).filter(isRecord).map((
      { resource, last_position, object_count, is_finished },
    ) => {
      const position = readKeptPosition(last_position);
      return [String(resource), {
        ...(position && { position }),
        count: Number(object_count),
        isFinished: is_finished === true,
      }];
    }),
  );
}

/** What earlier slices saved. */
function readResults(kept: unknown): BackfillResult[] {
  const results: BackfillResult[] = Array.isArray(kept) ? kept.filter(isResult) : [];
  return structuredClone(results);
}

function isResult(value: unknown): value is BackfillResult {
  return isRecord(value) && typeof value.name === "string" && typeof value.count === "number" &&
    Array.isArray(value.refused);
}
