import type { CallDatabaseInBulk } from "../../functions/clerk-webhook/database.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { reasonNotToDelete } from "./check_deletions.ts";
import { checkInstance } from "./check_instance.ts";
import type { ClerkObject, ClerkSource } from "./clerk_source.ts";
import { aliveAt, compareWithMirror, type Drift, findDrift } from "./find_drift.ts";
import type { Progress } from "./progress.ts";
import { reasonToLeaveOut, type Resource } from "./resources.ts";
import { type Refused, writeObjects } from "../../functions/_shared/write_objects.ts";

/** What to compare, and whether to mend it. */
export interface ReconcileOptions {
  source: ClerkSource;
  database: CallDatabaseInBulk;
  /** In dependency order. */
  resources: Resource[];
  isRepair: boolean;
  /** Milliseconds: what was updated within them is left alone, since its webhook may be on its way. */
  grace: number;
  /** Rows of any one table that may be deleted, where they are more than go by themselves. */
  allowedDeletions: number;
  progress: Progress;
}

/** How far a table was from Clerk. */
export interface ReconcileResult {
  name: string;
  /** Objects of Clerk's that were compared. */
  compared: number;
  missing: number;
  outdated: number;
  /** Deleted in the mirror, though Clerk has them. */
  buried: number;
  gone: number;
  /** Of these, how many are in order now. */
  repaired: number;
  /** Objects that could not be repaired. */
  refused: Refused[];
  /** Objects that Clerk counts and did not give, if there are any: what is gone behind them is not known. */
  shortfall?: number;
  /** Why nothing of what is gone was deleted, if it was not. */
  kept?: string;
  /** Why it was left out, if it was. */
  skipped?: string;
}

/**
 * Compares the mirror with Clerk, and mends it if asked to. Memory holds a page of each, and the ids of
 * what is gone: that is counted before any of it is deleted.
 *
 * @throws {Error} in a sentence, if Clerk or the database fails for good, or if the key is of another
 * instance.
 */
export async function runReconcile(options: ReconcileOptions): Promise<ReconcileResult[]> {
  const { database, isRepair } = options;
  const isKnownInstance = await checkInstance({ ...options, warn: options.progress.warn });
  const run = { isKnownInstance, deletedSoFar: new Map<string, number>() };
  const results = [];
  for (const resource of options.resources) {
    results.push(await reconcileResource(resource, options, run));
  }
  if (isRepair) await pruneErasedRows(database);
  return results;
}

async function reconcileResource(
  resource: Resource,
  options: ReconcileOptions,
  { isKnownInstance, deletedSoFar }: Run,
): Promise<ReconcileResult> {
  const { name } = resource;
  const { source, database, isRepair, grace, progress } = options;
  const result: ReconcileResult = {
    name,
    compared: 0,
    missing: 0,
    outdated: 0,
    buried: 0,
    gone: 0,
    repaired: 0,
    refused: [],
  };
  const onPage = (count: number, expected: number | undefined) => {
    result.compared = count;
    progress.advance(name, count, expected);
  };
  const onShortfall = (count: number) => {
    result.shortfall = count;
  };
  const gone: Gone[] = [];
  progress.begin(name, 0);
  try {
    for await (
      const drift of findDrift({
        source,
        database,
        resource,
        grace,
        onPage,
        onShortfall,
      })
    ) {
      result[drift.kind] += drift.objects.length;
      if (!isRepair) continue;
      if (drift.kind === "gone") {
        gone.push(...drift.objects.map(({ id }) => ({ id, askedAt: drift.askedAt })));
      } else {
        const refused = await write(resource, drift, options);
        result.repaired += drift.objects.length - refused.length;
        result.refused.push(...refused);
      }
    }
  } catch (error) {
    result.skipped = reasonToLeaveOut(resource, error);
    progress.skip(name, `left out: ${result.skipped}`);
    return result;
  }
  if (gone.length > 0) {
    const reason = await reasonNotToDelete({
      database,
      table: resource.table,
      ids: gone.map(({ id }) => id),
      doubt: result.compared === 0
        ? "and Clerk listed none at all"
        : isKnownInstance
        ? undefined
        : "and nothing has shown before this run that the mirror is of this instance",
      allowed: options.allowedDeletions,
      deletedSoFar,
    });
    if (reason === undefined) {
      await deleteGone(resource, gone, database);
      result.repaired += gone.length;
    } else {
      const examples = gone.slice(0, EXAMPLES).map(({ id }) => id).join(", ");
      result.kept = `${reason} (${examples}${gone.length > EXAMPLES ? ", …" : ""})`;
    }
  }
  progress.end(name, result.compared);
  return result;
}

/** What the resources of one run share. */
interface Run {
  /** Whether it was known before this run which instance the mirror is of. */
  isKnownInstance: boolean;
  /** Rows that were deleted, by table. */
  deletedSoFar: Map<string, number>;
}

/** What the mirror has and Clerk has not. */
interface Gone {
  id: string;
  /** Unix milliseconds: since when Clerk has certainly been asked. */
  askedAt: number;
}

/** Ids that a message names. */
const EXAMPLES = 5;

async function deleteGone(
  { removal }: Resource,
  gone: Gone[],
  database: CallDatabaseInBulk,
): Promise<void> {
  if (removal === undefined) return;
  for (const { id, askedAt } of gone) {
    await database(removal.toCall(id, { read_at: new Date(askedAt).toISOString() }));
  }
}

/** Writes objects, lets those rise that are deleted here, and looks whether that has helped. */
async function write(
  resource: Resource,
  { kind, objects, askedAt }: Drift & { objects: ClerkObject[] },
  { database, grace }: ReconcileOptions,
): Promise<Refused[]> {
  const alive = aliveAt(askedAt, grace);
  if (kind === "buried") {
    await database({
      rpc: "unbury_objects",
      args: {
        table_name: resource.table,
        ids: objects.map(({ id }) => id),
        alive_at: new Date(alive).toISOString(),
      },
    });
  }
  const refused = await writeObjects(resource.eventType, objects, database);
  const states = await compareWithMirror(database, resource, objects, alive);
  const explained = new Set(refused.map(({ id }) => id));
  const unexplained = objects.filter(({ id }) =>
    states.get(id) !== "in order" && !explained.has(id)
  );
  return [
    ...refused,
    ...unexplained.map(({ id }) => ({
      id,
      reason: "Still different after it was written",
    })),
  ];
}

/** Removes what is left of deleted objects and no foreign key of the application's holds any more. */
async function pruneErasedRows(database: CallDatabaseInBulk): Promise<void> {
  let after: { after_table_name: string; after_object_id: string } | undefined;
  do {
    const page = await database({ rpc: "prune_erased_rows", args: { ...after } });
    const last = isRecord(page) && isRecord(page.last) ? page.last : undefined;
    after = last && {
      after_table_name: String(last.table_name),
      after_object_id: String(last.object_id),
    };
  } while (after !== undefined);
}
