import type { ClerkObject } from "../clerk/clerk_source.ts";
import {
  aliveAt,
  compareWithMirror,
  STALE_KINDS,
  type StaleKind,
} from "../clerk/compare_with_mirror.ts";
import { confirmGone } from "../clerk/confirm_gone.ts";
import type { MirroredObject } from "../clerk/mirrored.ts";
import { expectedCount, readPage } from "../clerk/read_pages.ts";
import { MAX_FILTER_IDS } from "../clerk/resources.ts";
import { type Refused, writeObjects } from "../write_objects.ts";
import type { Reconciliation, ResourceStep } from "./reconciliation.ts";
import { addRefused } from "./work.ts";

/**
 * Compares the next page of Clerk's list with the mirror: what is missing in the mirror, what is newer in
 * Clerk, and what is deleted here though Clerk has it. Repairs it, if asked to. What only the mirror has is
 * left to {@link walk}, which also saves what this step found.
 */
export async function comparePage(run: Reconciliation, step: ResourceStep): Promise<void> {
  const { source, observer, budget } = run;
  const { resource, state, result } = step;
  const askedAt = Date.now();
  const page = await readPage(resource.listing(source), state.position);
  const expected = expectedCount(page, result.compared);
  const objects = await resource.expand?.(source, page.objects) ?? page.objects;
  budget.spend(page.objects.length, resource.expand ? page.objects.length : 0);
  const stale = await findStale(run, step, objects, askedAt);
  const { repaired, refused } = await mend(run, step, stale, askedAt);

  for (const kind of STALE_KINDS) result[kind] += state.found?.[kind] ?? stale[kind].length;
  delete state.found;
  result.repaired += repaired;
  addRefused(result, refused);
  result.compared += page.objects.length;
  observer.advance(resource.name, result.compared, expected);

  const known = state.position?.ids ?? [];
  state.position = page.position;
  state.isListed = page.isLast;
  if (page.isLast && page.remaining) result.shortfall = page.remaining;
  state.walk = {
    // If Clerk counts more than it returned, the rest can't be judged.
    end: page.isLast && !page.remaining ? null : page.position.key,
    listed: [...known, ...page.objects.map(({ id }) => id)],
  };
}

type Stale = Record<StaleKind, ClerkObject[]>;

async function findStale(
  { database, grace }: Reconciliation,
  { resource }: ResourceStep,
  objects: ClerkObject[],
  askedAt: number,
): Promise<Stale> {
  const settled = objects.filter(({ updated_at }) => !(Number(updated_at) > Date.now() - grace));
  const states = await compareWithMirror(database, resource, settled, aliveAt(askedAt, grace));
  const ofKind = (kind: StaleKind) => settled.filter(({ id }) => states.get(id) === kind);
  return {
    missing: ofKind("missing"),
    outdated: ofKind("outdated"),
    buried: ofKind("buried"),
  };
}

/**
 * Repairs a page. A process that is killed here may have repaired some of it, which its successor finds in
 * order. So the findings are saved first, and count for both.
 */
async function mend(
  run: Reconciliation,
  step: ResourceStep,
  stale: Stale,
  askedAt: number,
): Promise<{ repaired: number; refused: Refused[] }> {
  const { held, isRepair } = run;
  const { state } = step;
  if (!isRepair) return { repaired: 0, refused: [] };
  const before = state.found;
  const found = {
    missing: Math.max(stale.missing.length, before?.missing ?? 0),
    outdated: Math.max(stale.outdated.length, before?.outdated ?? 0),
    buried: Math.max(stale.buried.length, before?.buried ?? 0),
  };
  const count = found.missing + found.outdated + found.buried;
  if (count === 0) return { repaired: 0, refused: [] };
  state.found = found;
  await held.keep(...run.forKeeping());

  const refused = [];
  for (const kind of STALE_KINDS) {
    if (stale[kind].length > 0) {
      refused.push(...await write(run, step, kind, stale[kind], askedAt));
    }
  }
  return { repaired: count - refused.length, refused };
}

/** Writes objects, restores those that are deleted here, and checks whether that helped. */
async function write(
  { database, grace }: Reconciliation,
  { resource }: ResourceStep,
  kind: StaleKind,
  objects: ClerkObject[],
  askedAt: number,
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
    ...unexplained.map(({ id }) => ({ id, reason: "Still different after it was written" })),
  ];
}

/**
 * Follows Clerk's list through the mirror's rows: those that are older than the page's end, and were in no
 * list, are looked up in Clerk once more. A step ends after as many as can be requested at once.
 *
 * @returns Whether the resource is done: the lists are, and nothing is to be deleted.
 */
export async function walk(run: Reconciliation, step: ResourceStep): Promise<boolean> {
  const { held, source, budget, isRepair } = run;
  const { resource: { removal, table }, state, result, reader } = step;
  const candidates = removal === undefined ? [] : await findUnlisted(step);
  const askedAt = Date.now();
  const gone = removal === undefined ? [] : await confirmGone(source, removal, candidates);
  budget.spend(0, candidates.length);
  result.gone += gone.length;
  const after = reader.position();
  if (after !== undefined) state.after = after;
  if (candidates.length < MAX_FILTER_IDS) delete state.walk;

  const isCompared = state.walk === undefined && state.isListed;
  const isToDelete = isRepair && result.gone > 0;
  if (isCompared && isToDelete) state.phase = "count";
  if (gone.length > 0) await held.keepGone(...run.forKeeping(), table, gone, askedAt);
  // What comes next saves it as well.
  else if (!isCompared || isToDelete) await held.keep(...run.forKeeping());
  return isCompared && !isToDelete;
}

async function findUnlisted({ state, reader }: ResourceStep): Promise<MirroredObject[]> {
  if (state.walk === undefined) return [];
  const { end, listed } = state.walk;
  const known = new Set(listed);
  const unlisted = [];
  while (unlisted.length < MAX_FILTER_IDS) {
    const row = await reader.peek();
    if (row === undefined || (end !== null && row.createdAt >= end)) break;
    reader.take();
    if (!known.has(row.id)) unlisted.push(row);
  }
  return unlisted;
}
