import { useEffect, useRef, useState } from "preact/hooks";
import { api, type EventFilter } from "./api.ts";
import { addNewEvents, addOlderEvents, type EventList, toEventList } from "./event_list.ts";
import { startPoll } from "./poll.ts";

/** Events as they arrive. */
export interface LiveEvents {
  /** Undefined until the first page has arrived. */
  list: EventList | undefined;
  error: string | undefined;
  /** Whether older ones are being loaded. */
  isLoading: boolean;
  /** Adds older ones: a page, or all that are left. */
  loadOlder(): Promise<void>;
  /** Loads the newest page again. */
  reload(): void;
}

/** At most this many at a time; beyond that, only the number is returned. */
const PAGE = 200;

/** Milliseconds. */
const SOON = 1000;
const LATER = 2500;

/** Milliseconds. If nothing has arrived for this long, polling slows down. */
const QUIET = 60_000;

/** Follows the events that match a filter, unless paused. */
export function useLiveEvents(filter: EventFilter, isPaused: boolean): LiveEvents {
  const { type, outcome, object } = filter;
  const [list, setList] = useState<EventList>();
  const [error, setError] = useState<string>();
  const [reading, setReading] = useState(0);
  const [isLoading, setLoading] = useState(false);
  /** The position that polls continue from. */
  const latest = useRef<EventList | undefined>(undefined);

  function show(next: EventList | undefined): void {
    latest.current = next;
    setList(next);
  }

  useEffect(() => show(undefined), [type, outcome, object, reading]);

  useEffect(() => {
    let lastArrival = Date.now();
    const current = startPoll({
      async ask(signal) {
        const known = latest.current;
        if (known === undefined) {
          const page = await api.events({ type, outcome, object }, signal);
          if (!signal.aborted) show(toEventList(page));
        } else if (!isPaused) {
          const query = { type, outcome, object, after: known.after, limit: PAGE };
          const news = await api.newEvents(query, signal);
          // An older page may have been added in the meantime.
          if (!signal.aborted) show(addNewEvents(latest.current ?? known, news));
          if (news.events.length > 0) lastArrival = Date.now();
        }
        setError(undefined);
        return Date.now() - lastArrival < QUIET ? SOON : LATER;
      },
      onRefusal: ({ message }) => setError(message),
    });
    return () => current.stop();
  }, [type, outcome, object, reading, isPaused]);

  async function loadOlder(): Promise<void> {
    setLoading(true);
    try {
      await addOlder();
    } catch (error) {
      setError(error instanceof Error ? error.message : String(error));
    } finally {
      setLoading(false);
    }
  }

  /** With a filter, a page may have few events or none although there are more. */
  async function addOlder(): Promise<void> {
    let missing = PAGE;
    for (let before = latest.current?.before; before && missing > 0;) {
      const page = await api.events({ type, outcome, object, before, limit: PAGE });
      if (latest.current?.before !== before) return;
      missing -= page.events.length;
      before = page.before;
      show(addOlderEvents(latest.current, page));
    }
  }

  const isEmpty = list?.events.length === 0 && list.before !== null;
  useEffect(() => {
    if (isEmpty) loadOlder();
  }, [isEmpty]);

  return { list, error, isLoading, loadOlder, reload: () => setReading(reading + 1) };
}
