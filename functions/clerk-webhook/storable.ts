import type { Json } from "../_shared/database.types.ts";
import { Inapplicable } from "./errors.ts";

/**
 * Levels of nesting that are stored. Postgres gives up on JSON a few thousand levels deep, with an error that
 * would come back forever; no real value is nested that deeply.
 */
export const MAX_DEPTH = 128;

/**
 * Makes a value fit for `jsonb`: Postgres refuses a whole call for one U+0000 or lone surrogate in any
 * string, keys included, so each is replaced with U+FFFD. What JSON can't represent becomes null.
 *
 * @throws {Inapplicable} if the value is nested more than {@link MAX_DEPTH} levels deep.
 */
export function toStorable(value: unknown, depth = 0): Json {
  if (typeof value === "string") return toStorableString(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  if (depth >= MAX_DEPTH) throw new Inapplicable(`Nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return value.map((item) => toStorable(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [toStorableString(key), toStorable(item, depth + 1)]),
  );
}

/** A string as Postgres can store it. */
export function toStorableString(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\uFFFD");
}
