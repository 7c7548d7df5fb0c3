import type { EventPage, EventRow, NewEvents } from "../shapes.ts";

/** The events that the page holds, newest first. */
export interface EventList {
  events: EventRow[];
  /** Where to continue, forwards: nothing between two requests is lost. */
  after: string;
  /** Where to continue, backwards; null at the end. */
  before: string | null;
  /** How many are left out below the row with this id, because too many came at once. */
  gap: { count: number; below: string } | undefined;
  /** Whether old ones were dropped because too many came: the list has to be read again to see them. */
  isCut: boolean;
  /** How many came after the list was first read. */
  arrived: number;
}

/** The most that are held. Of those, only the newest are rendered until more are requested. */
export const LONGEST = 5000;

/** The newest page. */
export function toEventList({ events, before, after }: EventPage): EventList {
  return { events, before, after, gap: undefined, isCut: false, arrived: 0 };
}

/** The list with newer events added on top. */
export function addNewEvents(list: EventList, { events, after, skipped }: NewEvents): EventList {
  const last = events.at(-1);
  if (last === undefined) return { ...list, after };
  // A former dead letter may come again as an event.
  const newer = new Set(events.map(({ id }) => id));
  const all = [...events, ...list.events.filter(({ id }) => !newer.has(id))];
  const kept = all.slice(0, LONGEST);
  const gap = list.gap !== undefined && kept.some(({ id }) => id === list.gap?.below)
    ? list.gap
    : undefined;
  return {
    events: kept,
    after,
    before: list.before,
    // Only one gap is shown: the newest, with everything that was left out.
    gap: skipped > 0 ? { count: skipped + (gap?.count ?? 0), below: last.id } : gap,
    isCut: list.isCut || kept.length < all.length,
    arrived: list.arrived + events.length + skipped,
  };
}

/** The list with an older page added below. */
export function addOlderEvents(list: EventList, { events, before }: EventPage): EventList {
  const known = new Set(list.events.map(({ id }) => id));
  return {
    ...list,
    events: [...list.events, ...events.filter(({ id }) => !known.has(id))],
    before,
  };
}
