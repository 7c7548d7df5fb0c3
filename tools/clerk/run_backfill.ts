import type { CallDatabaseInBulk } from "../../functions/clerk-webhook/database.ts";
import { createCursors, type Cursor } from "./backfill_cursors.ts";
import { checkInstance } from "./check_instance.ts";
import type { ClerkObject, ClerkSource } from "./clerk_source.ts";
import type { Progress } from "./progress.ts";
import { expectedCount, readPages } from "./read_pages.ts";
import { readUpdatedSince } from "./read_updated_since.ts";
import { reasonToLeaveOut, type Resource } from "./resources.ts";
import { mapObjects, type Refused, writeObjects } from "../../functions/_shared/write_objects.ts";

/** What to backfill, from where to where. */
export interface BackfillOptions {
  source: ClerkSource;
  database: CallDatabaseInBulk;
  /** In dependency order. */
  resources: Resource[];
  /** Unix milliseconds: only objects that were updated since then. Such a run keeps no cursors. */
  since?: number;
  /** Reads and maps everything, and writes nothing. */
  isDryRun?: boolean;
  /** Begins anew where an earlier run was interrupted. */
  isRestart?: boolean;
  progress: Progress;
}

/** What became of a resource. */
export interface BackfillResult {
  name: string;
  /** Objects that were read, those of the run that is resumed included. */
  count: number;
  refused: Refused[];
  /** Objects that Clerk counts and did not give, if there are any. */
  shortfall?: number;
  /** Why it was left out, if it was. */
  skipped?: string;
}

/**
 * Reads a Clerk instance and writes it into the mirror, one page at a time. It can run while webhooks
 * arrive, and as often as one likes: versions and tombstones decide what is written. An interrupted
 * run goes on where it was, by the cursors that it keeps in the database.
 *
 * @throws {Error} in a sentence, if Clerk or the database fails for good, or if the key is of another
 * instance.
 */
export async function runBackfill(options: BackfillOptions): Promise<BackfillResult[]> {
  const { resources, database, since, isDryRun = false, isRestart = false } = options;
  await checkInstance({ ...options, warn: options.progress.warn });
  const cursors = createCursors(database);
  const names = resources.map(({ name }) => name);
  const keepsCursors = since === undefined && !isDryRun;
  if (keepsCursors && isRestart) await cursors.delete(names);
  const kept = keepsCursors ? await cursors.read() : new Map<string, Cursor>();

  const results = [];
  for (const resource of resources) {
    const keep = (cursor: Cursor) =>
      keepsCursors ? cursors.keep(resource.name, cursor) : Promise.resolve();
    results.push(await backfillResource(resource, options, kept.get(resource.name), keep));
  }
  if (keepsCursors) await cursors.delete(names);
  return results;
}

async function backfillResource(
  resource: Resource,
  options: BackfillOptions,
  cursor: Cursor | undefined,
  keep: (cursor: Cursor) => Promise<void>,
): Promise<BackfillResult> {
  const { name } = resource;
  const { source, database, since, isDryRun = false, progress } = options;
  const result: BackfillResult = { name, count: cursor?.count ?? 0, refused: [] };
  if (cursor?.isFinished) {
    progress.skip(name, `${result.count.toLocaleString("en")} were read before the interruption`);
    return result;
  }

  let position = cursor?.position;
  let expected: number | undefined;
  let remaining: number | undefined;
  progress.begin(name, result.count);
  try {
    for await (const page of pagesOf(resource, source, since, position)) {
      expected ??= expectedCount(page, result.count);
      ({ position, remaining } = page);
      const objects = await resource.expand?.(source, page.objects) ?? page.objects;
      const wanted = objects.filter((object) => isUpdatedSince(object, since));
      const refused = isDryRun
        ? mapObjects(resource.eventType, wanted).refused
        : await writeObjects(resource.eventType, wanted, database);
      result.refused.push(...refused);
      result.count += page.objects.length;
      await keep({ position, count: result.count, isFinished: false });
      progress.advance(name, result.count, expected);
    }
  } catch (error) {
    result.skipped = reasonToLeaveOut(resource, error);
    progress.skip(name, `left out: ${result.skipped}`);
    return result;
  }
  if (remaining) result.shortfall = remaining;
  await keep({ ...(position && { position }), count: result.count, isFinished: true });
  progress.end(name, result.count);
  return result;
}

function pagesOf(
  resource: Resource,
  source: ClerkSource,
  since: number | undefined,
  position: Cursor["position"],
) {
  return since !== undefined && resource.recentlyUpdated
    ? readUpdatedSince(resource.recentlyUpdated(source), since)
    : readPages(resource.listing(source), position);
}

function isUpdatedSince({ updated_at }: ClerkObject, since = -Infinity): boolean {
  return typeof updated_at !== "number" || updated_at >= since;
}
