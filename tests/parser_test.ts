/** A schema that is used often is compiled, without any visible difference. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Inapplicable } from "../functions/clerk-webhook/errors.ts";
import { recognizeEvent, toCall } from "../functions/clerk-webhook/event.ts";
import { COMPILED_AFTER } from "../functions/clerk-webhook/parser.ts";
import {
  type SampleEvent,
  sampleEvent,
  sampleTypes,
} from "../tools/development/events/sample_event.ts";
import { damage, nastyValue, walk } from "./helpers/damage.ts";

/** Fewer than compile a schema, the envelope's included, which all of them share. */
const EVENTS = COMPILED_AFTER - 200;

/** The call that an event becomes, the reason why it becomes none, or nothing at all. */
function result(event: SampleEvent): unknown {
  const recognized = recognizeEvent(event);
  if (recognized === undefined) return undefined;
  try {
    return toCall(recognized, "msg_1");
  } catch (error) {
    if (error instanceof Inapplicable) return error.message;
    throw error;
  }
}

Deno.test("an event, sound or damaged, becomes the same call before and after its schema is compiled", () => {
  const events = fc.sample(
    fc.tuple(
      fc.constantFrom(...sampleTypes()),
      fc.array(fc.tuple(walk, nastyValue), { maxLength: 3 }),
      fc.boolean(),
    ).map(([type, damages, isInEnvelope]) => {
      const event = sampleEvent(type);
      for (const [steps, nasty] of damages) damage(isInEnvelope ? event : event.data, steps, nasty);
      return event;
    }),
    EVENTS,
  );
  const before = events.map(result);
  for (const type of sampleTypes()) {
    const event = sampleEvent(type);
    for (let uses = 0; uses < COMPILED_AFTER; uses++) result(event);
  }
  assert.deepEqual(events.map(result), before);
});
