import type { ClerkObject, ClerkPage } from "./clerk_source.ts";

/** The most that Clerk returns at once. */
export const PAGE_SIZE = 500;

/** Objects at the end of a page that are requested again at the beginning of the next one. */
const OVERLAP = 10;

/** The query for a list. */
export interface PageQuery {
  limit: number;
  offset: number;
  /** Unix milliseconds: only what was created after this time. */
  createdAfter?: number;
}

/** A list of Clerk's that can be read in pages. */
export interface Listing {
  /** The order in which the list comes, by `key`. */
  order: "ascending" | "descending";
  /** The sort key; objects with the same key come in any order. */
  key: "created_at" | "updated_at";
  /** Whether the list can start after a creation time. */
  canBeginAfter: boolean;
  /** How many objects to request at once, if each needs more requests; {@link PAGE_SIZE} by default. */
  pageSize?: number;
  read(query: PageQuery): Promise<ClerkPage>;
}

/** A reader's position in a list: after the last object that it has read. */
export interface Position {
  /** The last object's id, and its sort key, in Unix milliseconds. */
  id: string;
  key: number;
  /** All objects read so far that share that key; only the last one if the key isn't known. */
  ids?: string[];
  /** The list starts after this creation time, if it is not 0. */
  createdAfter: number;
  /** How many objects of that list have been read. */
  offset: number;
  /** How many of them the next page may repeat, at least; the usual number by default. */
  overlap?: number;
}

/** A page without the objects of earlier ones, and where it ends. */
export interface Page {
  /** Undefined on the last page, if the list turned out to be read to its end already. */
  objects: ClerkObject[];
  position: Position;
  /** How many more objects Clerk counts after the page; undefined if it doesn't say. */
  remaining?: number;
  isLast: boolean;
}

/**
 * Reads a list to its end while objects come and go, as {@link readPage} does.
 *
 * @param from Where an earlier reader stopped.
 */
export async function* readPages(listing: Listing, from?: Position): AsyncGenerator<Page> {
  let position = from;
  while (true) {
    const page = await readPage(listing, position);
    yield page;
    if (page.isLast) return;
    position = page.position;
  }
}

/**
 * Reads the next page of a list while objects come and go. The position alone says what was read so far, so
 * anyone can continue from there.
 *
 * Clerk's lists only know offsets: when an object is deleted, everything after it moves forward, past a
 * reader who relies on the offset alone. So each page begins a little before the end of the last one, and has
 * to repeat something that was already read, or is older; otherwise the reader steps back. If the list can
 * start after a creation time, offsets restart from there. Nothing comes twice.
 *
 * A page with fewer objects than requested isn't necessarily the end. The end is where Clerk counts nothing
 * more, or where nothing new comes: if Clerk counts more than it returns, the last page says how many are
 * missing.
 */
export async function readPage(listing: Listing, from?: Position): Promise<Page> {
  const sign = listing.order === "ascending" ? 1 : -1;
  const rank = (object: ClerkObject) => sign * keyOf(object, listing.key);
  const limit = listing.pageSize ?? PAGE_SIZE;
  const last = from && { rank: sign * from.key, ids: new Set(from.ids ?? [from.id]) };
  const wasRead = (object: ClerkObject) =>
    last !== undefined &&
    (rank(object) < last.rank || (rank(object) === last.rank && last.ids.has(object.id)));
  let { createdAfter, start, overlap } = beginning(listing, from);
  let mustShowKnown = overlap > 0;

  while (true) {
    const query = { limit, offset: start };
    const { objects, total } = await listing.read(
      createdAfter > 0 ? { ...query, createdAfter } : query,
    );
    if (mustShowKnown && !objects.some(wasRead)) {
      start = Math.max(0, start - limit);
      overlap = 0;
      mustShowKnown = start > 0;
      continue;
    }

    const fresh = objects.filter((object) => !wasRead(object));
    const offset = start + objects.length;
    const remaining = total === undefined ? undefined : Math.max(0, total - offset);
    const isLast = (objects.length < limit && remaining === 0) ||
      (fresh.length === 0 && objects.length <= overlap);
    // At most half of a page, so that even the shortest pages make progress.
    const nextOverlap = Math.min(OVERLAP, Math.floor(objects.length / 2));
    if (fresh.length > 0 || isLast) {
      return {
        objects: fresh,
        position: {
          ...lastOf(fresh, listing.key, from),
          createdAfter,
          offset,
          overlap: nextOverlap,
        },
        ...(remaining === undefined ? {} : { remaining }),
        isLast,
      };
    }
    start = offset - nextOverlap;
    overlap = nextOverlap;
    mustShowKnown = overlap > 0;
  }
}

/** Where the next page begins, and how many objects it shares with the previous one. */
function beginning({ canBeginAfter }: Listing, from: Position | undefined) {
  if (from === undefined) return { createdAfter: 0, start: 0, overlap: 0 };
  // One millisecond less, so that everything with the last one's creation time is included.
  const next = canBeginAfter ? from.key - 1 : 0;
  if (next > from.createdAfter) return { createdAfter: next, start: 0, overlap: 0 };
  const overlap = Math.min(from.overlap ?? OVERLAP, from.offset);
  return { createdAfter: from.createdAfter, start: from.offset - overlap, overlap };
}

/** The last object that was read, and those with the same key. */
function lastOf(
  fresh: ClerkObject[],
  key: Listing["key"],
  from: Position | undefined,
): Pick<Position, "id" | "key" | "ids"> {
  const end = fresh.at(-1);
  if (end === undefined) return { id: "", key: 0, ids: [], ...pickLast(from) };
  const endKey = keyOf(end, key);
  const ids = fresh.filter((object) => keyOf(object, key) === endKey).map(({ id }) => id);
  const earlier = from?.key === endKey ? from.ids ?? [from.id] : [];
  return { id: end.id, key: endKey, ids: [...earlier, ...ids] };
}

function pickLast(from: Position | undefined) {
  return from && { id: from.id, key: from.key, ids: from.ids ?? [from.id] };
}

/**
 * How many objects a reader will have read at the end, as far as a page can tell.
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
