import { type Listing, type Page, readPages } from "./read_pages.ts";

/** Milliseconds by which this machine's clock and Clerk's may differ. */
const CLOCK_SKEW = 60_000;

/**
 * Reads what was updated since a time, from a list with the latest updates first.
 *
 * An object that is updated during the read moves from behind the reader to the front, which the reader has
 * already passed. So the list is read again from the front, up to where the last pass began, until a pass
 * ends on its first page. Objects may come more than once.
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
