import { memo } from "preact/compat";
import type { EventRow } from "../../shapes.ts";
import type { EventList } from "../event_list.ts";
import { formatCount, formatDuration } from "../format.ts";
import { OutcomeBadge } from "./badge.tsx";
import { ObjectLink } from "./object_link.tsx";
import { Time } from "./time.tsx";

/** Milliseconds. What takes longer than this to arrive is worth a look. */
const LATE = 60_000;

/** Events, newest first; those that arrive while the table is shown are highlighted for a moment. */
export function EventTable(
  { label, events, gap, knownCount }: {
    label: string;
    events: EventRow[];
    gap?: EventList["gap"];
    /** How many of the last rows aren't new. */
    knownCount?: number;
  },
) {
  const firstKnown = events.length - (knownCount ?? events.length);
  return (
    <table class="events" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Received</th>
          <th scope="col">Event</th>
          <th scope="col">Object</th>
          <th scope="col">Outcome</th>
          <th scope="col" class="number">Delay</th>
        </tr>
      </thead>
      <tbody>
        {events.flatMap((event, index) => [
          <Row key={event.id} event={event} isNew={index < firstKnown} />,
          gap?.below === event.id ? <GapRow key={`below ${event.id}`} count={gap.count} /> : null,
        ])}
      </tbody>
    </table>
  );
}

const Row = memo(function Row({ event, isNew }: { event: EventRow; isNew: boolean }) {
  const delay = Date.parse(event.receivedAt) - Date.parse(event.occurredAt);
  return (
    <tr class={isNew ? "new" : undefined} data-id={event.id}>
      <td class="time">
        <Time at={event.receivedAt} />
      </td>
      <td class="type" title={event.type}>{event.type}</td>
      <td class="object">
        {event.objectId === null
          ? <span class="none">none</span>
          : <ObjectLink id={event.objectId} />}
      </td>
      <td class="outcome">
        <OutcomeBadge outcome={event.outcome} />
      </td>
      <td class={delay > LATE ? "number delay late" : "number delay"}>{formatDuration(delay)}</td>
    </tr>
  );
});

function GapRow({ count }: { count: number }) {
  return (
    <tr class="gap">
      <td colSpan={5}>
        {formatCount(count, "event")} that arrived at once {count === 1 ? "is" : "are"}{" "}
        left out here.
      </td>
    </tr>
  );
}
