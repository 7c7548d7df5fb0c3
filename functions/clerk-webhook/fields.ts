/**
 * The kinds of fields that Clerk's objects are made of, as zod schemas. They are lenient: only what the
 * mirror can't do without is required, and objects may carry unknown fields. What they return can be stored:
 * every text in a call has been through here.
 */
import * as z from "zod/mini";
import { Inapplicable } from "./errors.ts";
import { isRecord } from "./json.ts";
import { toStorable, toStorableString } from "./storable.ts";

/** Numbers below this are seconds, others milliseconds: Clerk's catalogue examples use seconds. */
const FIRST_MILLISECONDS = 1e11;

/** Any text, made storable. */
export const text = z.pipe(z.string(), z.transform(toStorableString));

/** A Clerk id. Ids have about 32 characters; the limit keeps them within what an index accepts. */
export const id = z.pipe(
  z.string().check(z.minLength(1), z.maxLength(255)),
  z.transform(toStorableString),
);

/** What is left of a deleted object. Clerk's types make even the id optional, but nothing works without it. */
export const deletedObject = z.pipe(
  z.object({ id: z.optional(id) }),
  z.transform(({ id }) => {
    if (id === undefined) throw new Inapplicable("The deletion doesn't name an object");
    return { id };
  }),
);

/** A point in time in Unix milliseconds or seconds; ISO 8601 after parsing. */
export const time = z.pipe(
  z.number().check(z.refine((value) => !Number.isNaN(toDate(value).valueOf()))),
  z.transform((value) => toDate(value).toISOString()),
);

export const optionalId = z.nullish(id);
export const optionalTime = z.nullish(time);
export const optionalText = z.nullish(text);
export const optionalFlag = z.nullish(z.boolean());
export const optionalInteger = z.nullish(z.int32());

/** A JSON object with the application's own keys, such as `public_metadata`, made storable. */
export const optionalObject = z.nullish(
  z.pipe(z.custom<object>(isRecord), z.transform((value) => toStorable(value))),
);

function toDate(value: number): Date {
  return new Date(value < FIRST_MILLISECONDS ? value * 1000 : value);
}
