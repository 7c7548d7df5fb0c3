/**
 * Checked by the type checker alone: the mirror accepts whatever Clerk's own types allow in an event,
 * so a drift in Clerk's types fails `deno check`.
 */
import assert from "node:assert/strict";
import type { WebhookEvent } from "@clerk/backend";
import type { EventInput, EventType } from "../functions/clerk-webhook/event.ts";
import { mappings } from "../functions/clerk-webhook/event.ts";

/** Clerk's schema has this type, its TypeScript union does not. */
type OnlyInSchema = "session.pending";

type InputOf<Type extends EventType> = Extract<EventInput, { type: Type }>;

/** Clerk's event of a type; several types share one in its union. */
type ClerkEvent<Type extends EventType> = WebhookEvent extends infer Event
  ? Event extends { type: infer Names }
    ? Type extends Names ? Omit<Event, "type"> & { type: Type } : never
  : never
  : never;

/** The types of which Clerk's event is not accepted. */
type Rejected = {
  [Type in Exclude<EventType, OnlyInSchema>]: ClerkEvent<Type> extends InputOf<Type> ? never : Type;
}[Exclude<EventType, OnlyInSchema>];

const nothingIsRejected: [Rejected] extends [never] ? true : Rejected = true;

// The comparison has teeth: with a field of another type, it finds the event out.
type Drifted = Omit<ClerkEvent<"user.created">, "data"> & {
  data: Omit<ClerkEvent<"user.created">["data"], "created_at"> & { created_at: string };
};
const driftIsFound: Drifted extends InputOf<"user.created"> ? false : true = true;

// And it compares something: Clerk knows every one of these types.
type Unknown = {
  [Type in Exclude<EventType, OnlyInSchema>]: [ClerkEvent<Type>] extends [never] ? Type : never;
}[Exclude<EventType, OnlyInSchema>];
const allAreKnown: [Unknown] extends [never] ? true : Unknown = true;

Deno.test("the input types accept every mapped event of Clerk's own union", () => {
  assert.ok(nothingIsRejected && driftIsFound && allAreKnown);
  assert.equal(Object.keys(mappings).length, 44);
});
