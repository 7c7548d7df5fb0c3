import type { ClerkObject, ClerkPage } from "./clerk_source.ts";

/** The most that Clerk gives at once. */
export const PAGE_SIZE = 500;

/** Objects at the end of a page that are asked for once more at the beginning of the next one. */
const OVERLAP = 10;

/** What is asked of a list. */
export interface PageQuery {
  limit: number;
  offset: number;
  /** Unix milliseconds: only what was created after it. */
  createdAfter?: number;
}

/** A list of Clerk's that can be read in pages. */
export interface Listing {
  /** The order in which the list comes, by `key`. */
  order: "ascending" | "descending";
  /** What it is ordered by; objects that share it come in any order. */
  key: "created_at" | "updated_at";
  /** Whether the list can begin after a time of creation. */
  canBeginAfter: boolean;
  read(query: PageQuery): Promise<ClerkPage>;
}

/** Where in a list a reader stands: behind the last object that it has read. */
export interface Position {
  /** The last object's id, and what the list is ordered by, in Unix milliseconds. */
  id: string;
  key: number;
  /** The list begins after this time of creation, if it is not 0. */
  createdAfter: number;
  /** How many objects of that list were read. */
  offset: number;
}

/** A page without what an earlier one had, and where it ends. */
export interface Page {
  /** None on the last page, where the list had turned out to be read already. */
  objects: ClerkObject[];
  position: Position;
  /** How many more objects Clerk counts behind the page; undefined where it doesn't tell. */
  remaining?: number;
}

/**
 * Reads a list to its end while objects come and go.
 *
 * Clerk's lists know offsets only: an object that is deleted moves all that follow it forward, past a
 * reader who goes by offset alone. So each page begins a little before the end of the last one, and
 * has to show something that was read already, or is older; else the reader steps back. Where the list
 * can begin after a time of creation, offsets start again from there. Nothing comes twice.
 *
 * A page with fewer objects than were asked for is not the end by itself. The end is where Clerk counts
 * nothing more, or where nothing new comes: should Clerk count more than it gives, the last page says how
 * many are missing.
 *
 * @param from Where an earlier reader stood; objects around it may come once more.
 */
export async function* readPages(listing: Listing, from?: Position): AsyncGenerator<Page> {
  const sign = listing.order === "ascending" ? 1 : -1;
  const rank = (object: ClerkObject) => sign * keyOf(object, listing.key);
  let last = from && { id: from.id, rank: sign * from.key };
  // Those that share the last one's key.
  let seen = new Set(from && [from.id]);
  let createdAfter = from?.createdAfter ?? 0;
  let start = Math.max(0, (from?.offset ?? 0) - OVERLAP);
  // Objects that the page shares with the one before it; none where it doesn't follow on one.
  let overlap = 0;
  let mustShowKnown = start > 0;

  while (true) {
    const query = { limit: PAGE_SIZE, offset: start };
    const { objects, total } = await listing.read(
      createdAfter > 0 ? { ...query, createdAfter } : query,
    );
    const wasRead = (object: ClerkObject) =>
      last !== undefined &&
      (rank(object) < last.rank || (rank(object) === last.rank && seen.has(object.id)));
    if (mustShowKnown && !objects.some(wasRead)) {
      start = Math.max(0, start - PAGE_SIZE);
      overlap = 0;
      mustShowKnown = start > 0;
      continue;
    }

    const fresh = objects.filter((object) => !wasRead(object));
    const end = fresh.at(-1);
    if (end !== undefined) {
      if (rank(end) !== last?.rank) seen = new Set();
      last = { id: end.id, rank: rank(end) };
      for (const object of fresh) if (rank(object) === last.rank) seen.add(object.id);
    }
    const offset = start + objects.length;
    const remaining = total === undefined ? undefined : Math.max(0, total - offset);
    const isEnd = (objects.length < PAGE_SIZE && remaining === 0) ||
      (fresh.length === 0 && objects.length <= overlap);
    if (fresh.length > 0 || isEnd) {
      const { id, key } = last ? { id: last.id, key: sign * last.rank } : { id: "", key: 0 };
      yield {
        objects: fresh,
        position: { id, key, createdAfter, offset },
        ...(remaining === undefined ? {} : { remaining }),
      };
    }
    if (isEnd) return;

    // One millisecond less, so that whatever shares the last one's time of creation is included.
    const next = listing.canBeginAfter && last !== undefined ? last.rank - 1 : 0;
    if (next > createdAfter) {
      [createdAfter, start, overlap] = [next, 0, 0];
    } else {
      // Half of a page at most, so that even the shortest pages lead on.
      overlap = Math.min(OVERLAP, Math.floor(objects.length / 2));
      start = offset - overlap;
    }
    mustShowKnown = overlap > 0;
  }
}

/**
 * How many objects a reader will have read in the end, as far as a page tells.
 *
 * @param count Objects that were read before the page.
 */
export function expectedCount({ objects, remaining }: Page, count: number): number | undefined {
  return remaining === undefined ? undefined : count + objects.length + remaining;
}

function keyOf(object: ClerkObject, key: Listing["key"]): number {
  const value = object[key];
  return typeof value === "number" ? value : 0;
}
