import { type Listing, type Page, readPages } from "./read_pages.ts";

/** Milliseconds by which this machine's clock and Clerk's may differ. */
const CLOCK_SKEW = 60_000;

/**
 * Reads what was updated since a time, from a list in which what was updated last comes first.
 *
 * An object that is updated meanwhile moves from behind the reader to the front, where it has been
 * already. So the list is read again from the front, as far as the last reading's beginning, until a
 * reading ends on its first page. Objects may come more than once.
 *
 * @param since Unix milliseconds.
 */
export async function* readUpdatedSince(listing: Listing, since: number): AsyncGenerator<Page> {
  while (true) {
    const startedAt = Date.now() - CLOCK_SKEW;
    let pages = 0;
    for await (const page of readPages(listing)) {
      if (page.objects.length > 0) pages++;
      const updated = page.objects.filter(({ updated_at }) => Number(updated_at) >= since);
      const { remaining: _all, ...rest } = page;
      yield { ...rest, objects: updated, isLast: false };
      if (updated.length < page.objects.length) break;
    }
    if (pages <= 1) return;
    since = Math.max(since, startedAt);
  }
}
