import {
  limitParameter,
  parameter,
  placeParameter,
  record,
  records,
  text,
  textOrNull,
} from "../fields.ts";
import { HttpError } from "../http_error.ts";
import type { Question, Route } from "../route.ts";
import type { EventCounts, EventPage, EventRow, NewEvents } from "../shapes.ts";

const MOST_EVENTS = 500;
const USUAL_EVENTS = 100;

/** What the database hands out: microseconds, then a webhook's id or a snapshot. */
const PLACE_OF_EVENT = /^\d{1,17}\/.{1,300}$/s;
const PLACE_OF_READING = /^\d{1,17}\/\d{1,19}:\d{1,19}:[\d,]*$/;

export const eventRoutes: Route[] = [
  {
    method: "GET",
    path: "/api/events",
    async answer(question, { call }): Promise<EventPage> {
      const before = placeParameter(question.query, "before", PLACE_OF_EVENT);
      const page = record(
        await call("read_events", {
          ...filters(question),
          ...(before === undefined ? {} : { before }),
        }),
      );
      return {
        events: records(page.events).map(toEventRow),
        before: textOrNull(page.before),
        after: text(page.after),
      };
    },
  },
  {
    method: "GET",
    path: "/api/events/new",
    async answer(question, { call }): Promise<NewEvents> {
      const after = placeParameter(question.query, "after", PLACE_OF_READING);
      if (after === undefined) throw new HttpError(400, '"after" is missing');
      const page = record(await call("read_new_events", { ...filters(question), after }));
      return {
        events: records(page.events).map(toEventRow),
        after: text(page.after),
        skipped: Number(page.skipped),
      };
    },
  },
  {
    method: "GET",
    path: "/api/counts",
    async answer({ query }, { call }): Promise<EventCounts> {
      const window = parameter(query, "window") ?? "hour";
      if (window !== "hour" && window !== "day") {
        throw new HttpError(400, '"window" is neither "hour" nor "day"');
      }
      const buckets = records(await call("read_event_counts", { span: window }));
      return {
        window,
        buckets: buckets.map(({ starts_at, counts }) => ({
          startsAt: text(starts_at),
          counts: Object.fromEntries(
            Object.entries(record(counts)).map(([outcome, count]) => [outcome, Number(count)]),
          ),
        })),
      };
    },
  },
];

function filters({ query }: Question): Record<string, unknown> {
  const [type, outcome, object] = ["type", "outcome", "object"].map((name) =>
    parameter(query, name)
  );
  return {
    ...(type === undefined ? {} : { event_type: type }),
    ...(outcome === undefined ? {} : { event_outcome: outcome }),
    ...(object === undefined ? {} : { event_object_id: object }),
    page_size: limitParameter(query, MOST_EVENTS, USUAL_EVENTS),
  };
}

/** An event as the database returns it. */
export function toEventRow(event: Record<string, unknown>): EventRow {
  return {
    id: text(event.id),
    type: text(event.type),
    objectId: textOrNull(event.object_id),
    outcome: text(event.outcome),
    occurredAt: text(event.occurred_at),
    receivedAt: text(event.received_at),
  };
}
