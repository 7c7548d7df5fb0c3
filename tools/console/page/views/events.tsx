import { useEffect, useRef, useState } from "preact/hooks";
import type { ProjectInfo } from "../../shapes.ts";
import type { EventFilter } from "../api.ts";
import { formatCount } from "../format.ts";
import { addressOf, goTo, type Route } from "../route.ts";
import { useLiveEvents } from "../use_live_events.ts";
import { EventTable } from "../parts/event_table.tsx";
import { Icon } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";

/** Outcomes that are stored: duplicates and ignored events aren't. */
const OUTCOMES = ["applied", "stale", "dead_lettered"];

/** Rows that are rendered at first, and that each "older" adds. */
const PAGE = 200;

/** Milliseconds. Screen readers hear how many events arrived, not each one. */
const BETWEEN_NEWS = 10_000;

/** The events of the ledger, and the dead letters, live. */
export function EventsView({ route, project }: { route: Route; project: ProjectInfo }) {
  const filter: EventFilter = {
    type: route.query.get("type") ?? "",
    outcome: route.query.get("outcome") ?? "",
    object: route.query.get("object") ?? "",
  };
  const [isPaused, setPaused] = useState(false);
  const [shown, setShown] = useState(PAGE);
  const { list, error, isLoading, loadOlder, reload } = useLiveEvents(filter, isPaused);
  const isFiltered = Object.values(filter).some((value) => value !== "");

  function showOlder(): void {
    if (list && list.events.length < shown + PAGE) loadOlder();
    setShown(shown + PAGE);
  }

  function startOver(): void {
    setShown(PAGE);
    reload();
  }

  const hasMore = list !== undefined && (list.events.length > shown || list.before !== null);
  return (
    <>
      <header class="view-header">
        <h1>Events</h1>
        <p class="lead">What Clerk sent, and what became of it.</p>
        <div class="aside">
          <span class={isPaused ? "live paused" : "live"}>{isPaused ? "Paused" : "Live"}</span>
          <button type="button" onClick={() => setPaused(!isPaused)}>
            <Icon name={isPaused ? "play" : "pause"} />
            {isPaused ? "Resume" : "Pause"}
          </button>
        </div>
      </header>
      <FilterForm filter={filter} types={project.eventTypes} events={list?.events ?? []} />
      <ErrorNotice message={error} />
      <News count={list?.arrived ?? 0} />
      {list === undefined && error === undefined && <p class="loading">Reading …</p>}
      {list?.gap !== undefined && (
        <Notice icon="warning" tone="look">
          {formatCount(list.gap.count, "event")} arrived at once and{" "}
          {list.gap.count === 1 ? "is" : "are"} left out of this list.
          <button type="button" class="link" onClick={startOver}>Reload the list</button>
        </Notice>
      )}
      {list !== undefined && list.events.length > 0 && (
        <EventTable
          label="Events, newest first"
          events={list.events.slice(0, shown)}
          gap={list.gap}
          knownCount={Math.max(0, Math.min(list.events.length, shown) - list.arrived)}
        />
      )}
      {list?.events.length === 0 && !hasMore && (
        <NoEvents isFiltered={isFiltered} isDev={project.isDev} />
      )}
      {list !== undefined && (hasMore || list.events.length > 0) && (
        <footer class="list-end">
          {hasMore
            ? <button type="button" disabled={isLoading} onClick={showOlder}>Older</button>
            : list.isCut
            ? <button type="button" onClick={startOver}>Reload the list</button>
            : <span>{isFiltered ? "No more events match." : "That is all the ledger has."}</span>}
          <span class="count">
            {isLoading && "Loading more … "}
            {formatCount(Math.min(shown, list.events.length), "row")} shown
          </span>
        </footer>
      )}
    </>
  );
}

function FilterForm(
  { filter, types, events }: { filter: EventFilter; types: string[]; events: { type: string }[] },
) {
  const known = [...new Set([...types, ...events.map(({ type }) => type)])].sort();
  function change(part: Partial<EventFilter>): void {
    goTo(addressOf("events", "", { ...filter, ...part }));
  }
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter events"
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        <span>Type</span>
        <input
          name="type"
          list="event-types"
          placeholder="All types"
          autocomplete="off"
          spellcheck={false}
          value={filter.type}
          onChange={(event) => change({ type: event.currentTarget.value.trim() })}
        />
        <datalist id="event-types">
          {known.map((type) => <option key={type} value={type} />)}
        </datalist>
      </label>
      <label>
        <span>Outcome</span>
        <select
          name="outcome"
          value={filter.outcome}
          onChange={(event) => change({ outcome: event.currentTarget.value })}
        >
          <option value="">All outcomes</option>
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>{outcome.replace("_", " ")}</option>
          ))}
        </select>
      </label>
      <label class="wide">
        <span>Object</span>
        <input
          name="object"
          placeholder="The id of an object"
          autocomplete="off"
          spellcheck={false}
          value={filter.object}
          onChange={(event) => change({ object: event.currentTarget.value.trim() })}
        />
      </label>
      {Object.values(filter).some((value) => value !== "") && (
        <a class="button" href={addressOf("events")}>Show all</a>
      )}
    </form>
  );
}

/** Announces how many events arrived, now and then, without reading out each one. */
function News({ count }: { count: number }) {
  const [text, setText] = useState("");
  const current = useRef(count);
  const told = useRef(count);
  current.current = count;
  useEffect(() => {
    const timer = setInterval(() => {
      const more = current.current - told.current;
      told.current = current.current;
      if (more > 0) setText(`${formatCount(more, "new event")}`);
    }, BETWEEN_NEWS);
    return () => clearInterval(timer);
  }, []);
  return <p class="for-listeners" aria-live="polite">{text}</p>;
}

function NoEvents({ isFiltered, isDev }: { isFiltered: boolean; isDev: boolean }) {
  if (isFiltered) return <Notice icon="search">No event matches.</Notice>;
  return (
    <Notice icon="events">
      No events yet. They appear here as they arrive.
      {isDev && (
        <>
          {" "}
          <a href={addressOf("send")}>Send one</a>
        </>
      )}
    </Notice>
  );
}
