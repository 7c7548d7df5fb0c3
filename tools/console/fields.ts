/** Narrows what comes from the database, and what the page sends. */
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { HttpError } from "./http_error.ts";

/** A record in an answer; an empty one if it isn't one. */
export function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The records in a list. */
export function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function text(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** A query parameter; undefined if it is missing or empty. */
export function parameter(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

/** @throws {HttpError} 400, if it is missing. */
export function requiredParameter(query: URLSearchParams, name: string): string {
  const value = parameter(query, name);
  if (value === undefined) throw new HttpError(400, `"${name}" is missing`);
  return value;
}

/** @throws {HttpError} 400, if it isn't a whole number from 1 to the maximum. */
export function limitParameter(query: URLSearchParams, greatest: number, usual: number): number {
  const value = Number(parameter(query, "limit") ?? usual);
  if (Number.isInteger(value) && value >= 1 && value <= greatest) return value;
  throw new HttpError(400, `"limit" is not a whole number from 1 to ${greatest}`);
}

/** @throws {HttpError} 400, if it doesn't have the form that is handed out here. */
export function placeParameter(
  query: URLSearchParams,
  name: string,
  form: RegExp,
): string | undefined {
  const value = parameter(query, name);
  if (value === undefined || form.test(value)) return value;
  throw new HttpError(400, `"${name}" is not a place that the console returned`);
}

/** Ids, or the word that stands for all of them. @throws {HttpError} 400, if they are neither. */
export function idsOrWord<Word extends string>(value: unknown, word: Word): string[] | Word {
  if (value === word) return word;
  const isList = Array.isArray(value) && value.length > 0 &&
    value.every((id) => typeof id === "string" && id !== "");
  if (isList) return value;
  throw new HttpError(400, `"ids" is neither a list of ids nor "${word}"`);
}
