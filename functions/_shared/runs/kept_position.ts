import { isRecord } from "../../clerk-webhook/json.ts";
import type { Position } from "../clerk/read_pages.ts";

/** Ids that are saved of those that share the last key: more than a page and its overlap. */
const KEPT_IDS = 1_000;

/** A position as it is saved: if a whole list shares one key, not all of its ids. */
export function toKeptPosition(position: Position): Position {
  const { ids, ...rest } = position;
  return { ...rest, ...(ids === undefined ? {} : { ids: ids.slice(-KEPT_IDS) }) };
}

/** Reads one; undefined if the list turned out to be empty, or nothing has been read yet. */
export function readKeptPosition(kept: unknown): Position | undefined {
  if (!isRecord(kept) || typeof kept.id !== "string") return undefined;
  const { id, key, ids, createdAfter, offset, overlap } = kept;
  return {
    id,
    key: Number(key),
    ...(Array.isArray(ids) ? { ids: ids.map(String) } : {}),
    createdAfter: Number(createdAfter),
    offset: Number(offset),
    ...(typeof overlap === "number" ? { overlap } : {}),
  };
}
