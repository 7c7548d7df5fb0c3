import type { CallDatabaseInBulk } from "../../functions/clerk-webhook/database.ts";
import type { ClerkObject, ClerkSource } from "./clerk_source.ts";
import { compareWithMirror, type Drift, findDrift } from "./find_drift.ts";
import type { Progress } from "./progress.ts";
import { reasonToLeaveOut, type Resource } from "./resources.ts";
import { type Refused, writeObjects } from "./write_objects.ts";

/** What to compare, and whether to mend it. */
export interface ReconcileOptions {
  source: ClerkSource;
  database: CallDatabaseInBulk;
  /** In dependency order. */
  resources: Resource[];
  isRepair: boolean;
  /** Milliseconds: what was updated within them is let be, since its webhook may be on its way. */
  grace: number;
  progress: Progress;
}

/** How far a table was from Clerk. */
export interface ReconcileResult {
  name: string;
  /** Objects of Clerk's that were compared. */
  compared: number;
  missing: number;
  outdated: number;
  gone: number;
  /** Of these, how many are in order now. */
  repaired: number;
  /** Objects that could not be repaired. */
  refused: Refused[];
  /** Why it was left out, if it was. */
  skipped?: string;
}

/**
 * Compares the mirror with Clerk, and mends it if asked to. Memory holds a page of each.
 *
 * @throws {Error} in a sentence, if Clerk or the database fails for good.
 */
export async function runReconcile(options: ReconcileOptions): Promise<ReconcileResult[]> {
  const results = [];
  for (const resource of options.resources) {
    results.push(await reconcileResource(resource, options));
  }
  return results;
}

async function reconcileResource(
  resource: Resource,
  options: ReconcileOptions,
): Promise<ReconcileResult> {
  const { name } = resource;
  const { source, database, isRepair, grace, progress } = options;
  const result: ReconcileResult = {
    name,
    compared: 0,
    missing: 0,
    outdated: 0,
    gone: 0,
    repaired: 0,
    refused: [],
  };
  const onPage = (count: number, expected: number | undefined) => {
    result.compared = count;
    progress.advance(name, count, expected);
  };
  progress.begin(name, 0);
  try {
    for await (const drift of findDrift({ source, database, resource, grace, onPage })) {
      result[drift.kind] += drift.objects.length;
      if (!isRepair) continue;
      const refused = await repair(resource, drift, database);
      result.repaired += drift.objects.length - refused.length;
      result.refused.push(...refused);
    }
  } catch (error) {
    result.skipped = reasonToLeaveOut(resource, error);
    progress.skip(name, `left out: ${result.skipped}`);
    return result;
  }
  progress.end(name, result.compared);
  return result;
}

async function repair(
  resource: Resource,
  drift: Drift,
  database: CallDatabaseInBulk,
): Promise<Refused[]> {
  if (drift.kind !== "gone") return await write(resource, drift.objects, database);
  for (const { id } of drift.objects) {
    const call = resource.removal?.toCall(id);
    if (call) await database(call);
  }
  return [];
}

/** Writes objects, and looks whether that has helped. */
async function write(
  resource: Resource,
  objects: ClerkObject[],
  database: CallDatabaseInBulk,
): Promise<Refused[]> {
  const refused = await writeObjects(resource, objects, database);
  const states = await compareWithMirror(database, resource, objects);
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
