import { useEffect, useRef, useState } from "preact/hooks";
import { api, type EventFilter } from "./api.ts";
import { addNewEvents, addOlderEvents, type EventList, toEventList } from "./event_list.ts";
import { startPoll } from "./poll.ts";

/** Events as they come. */
export interface LiveEvents {
  /** Undefined until the first page is there. */
  list: EventList | undefined;
  error: string | undefined;
  /** Adds an older page. */
  loadOlder(): Promise<void>;
  /** Reads the newest page again. */
  reload(): void;
}

/** At most that many at a time; of more, only how many there were is told. */
const PAGE = 200;

/** Milliseconds. */
const SOON = 1000;
const LATER = 2500;

/** Milliseconds. When nothing comes for so long, it is asked more rarely. */
const QUIET = 60_000;

/** Follows the events that a filter leaves, while it is not paused. */
export function useLiveEvents(filter: EventFilter, isPaused: boolean): LiveEvents {
  const { type, outcome, object } = filter;
  const [list, setList] = useState<EventList>();
  const [error, setError] = useState<string>();
  const [reading, setReading] = useState(0);
  /** The one that polls go on from. */
  const latest = useRef<EventList | undefined>(undefined);

  function show(next: EventList | undefined): void {
    latest.current = next;
    setList(next);
  }

  useEffect(() => show(undefined), [type, outcome, object, reading]);

  useEffect(() => {
    if (isPaused) return;
    let lastArrival = Date.now();
    const current = startPoll({
      async ask(signal) {
        const known = latest.current;
        if (known === undefined) {
          const page = await api.events({ type, outcome, object }, signal);
          if (!signal.aborted) show(toEventList(page));
        } else {
          const query = { type, outcome, object, after: known.after, limit: PAGE };
          const news = await api.newEvents(query, signal);
          // An older page may have been added meanwhile.
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
    const before = latest.current?.before;
    if (!before) return;
    try {
      const page = await api.events({ type, outcome, object, before });
      if (latest.current?.before === before) show(addOlderEvents(latest.current, page));
    } catch (error) {
      setError(error instanceof Error ? error.message : String(error));
    }
  }

  return { list, error, loadOlder, reload: () => setReading(reading + 1) };
}
