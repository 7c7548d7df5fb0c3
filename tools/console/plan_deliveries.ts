import { newId } from "../development/events/new_id.ts";
import { type SampleEvent, sampleEvent, sampleTypes } from "../development/events/sample_event.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { HttpError } from "./http_error.ts";

/** How an event is sent. */
export const WAYS = ["plain", "twice", "late", "malformed", "burst"] as const;

export type Way = typeof WAYS[number];

/** One webhook to deliver. */
export interface Delivery {
  event: SampleEvent;
  /** Its svix-id. */
  id: string;
}

/** Events in a burst. */
const BURST = 100;

/** Milliseconds between two events, the earlier of which arrives later. */
const AGE = 60_000;

/** Where events say whom they belong to: two events of one object have the same owners. */
const OWNERS = ["organization.id", "public_user_data.user_id", "user_id", "organization_id"];

/**
 * What to deliver, in which order.
 *
 * @throws {HttpError} 400, if the type has nothing that could arrive late.
 */
export function planDeliveries(type: string, way: Way): Delivery[] {
  switch (way) {
    case "plain":
      return [deliver(sampleEvent(type))];
    case "twice": {
      const delivery = deliver(sampleEvent(type));
      return [delivery, delivery];
    }
    case "late":
      return planLate(type);
    case "malformed":
      return [deliver(breakTimes(sampleEvent(type)))];
    case "burst":
      return Array.from({ length: BURST }, () => deliver(sampleEvent(type)));
    default:
      return way satisfies never;
  }
}

function deliver(event: SampleEvent): Delivery {
  return { event, id: newId("msg") };
}

/** A change or a deletion first, then the creation of the same object, which happened before it. */
function planLate(type: string): Delivery[] {
  const family = type.slice(0, type.indexOf("."));
  const types = sampleTypes().filter((other) => other.startsWith(`${family}.`));
  const first = types.find((other) => other === `${family}.created`) ?? types[0] ?? type;
  const second = type !== first ? type : types.find((other) => other === `${family}.updated`) ??
    types.find((other) => other !== first);
  if (second === undefined) {
    throw new HttpError(400, `There is nothing that could come before "${type}"`);
  }
  const event = sampleEvent(second);
  const created = sampleEvent(first, {
    data: { id: event.data.id, ...ownersOf(event, sampleEvent(first)) },
    at: event.timestamp - AGE,
  });
  return [deliver(event), deliver(created)];
}

/** The owners that both events name, as in the first. */
function ownersOf(event: SampleEvent, other: SampleEvent): Record<string, unknown> {
  return Object.fromEntries(
    OWNERS.flatMap((path) => {
      const [owner, replaced] = [valueAt(event.data, path), valueAt(other.data, path)];
      return typeof owner === "string" && typeof replaced === "string" ? [[path, owner]] : [];
    }),
  );
}

function valueAt(data: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, key) => isRecord(value) ? value[key] : undefined,
    data,
  );
}

/** An invalid time; for something deleted, an invalid id. The type is still there, so the event is kept. */
function breakTimes(event: SampleEvent): SampleEvent {
  const broken = "created_at" in event.data ? { created_at: "yesterday" } : { id: 7 };
  return { ...event, data: { ...event.data, ...broken } };
}
