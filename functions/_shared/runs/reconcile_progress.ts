import { isRecord } from "../../clerk-webhook/json.ts";
import type { DeletionCounts } from "../clerk/check_deletions.ts";
import type { Turns } from "../clerk/request_limit.ts";
import type { MirrorPosition } from "../clerk/mirrored.ts";
import type { Position } from "../clerk/read_pages.ts";
import type { StaleKind } from "../clerk/compare_with_mirror.ts";
import type { ResourceResult } from "./work.ts";

/** How far a table was from Clerk. */
export interface ReconcileResult extends ResourceResult {
  /** Objects of Clerk's that were compared. */
  compared: number;
  missing: number;
  outdated: number;
  /** Deleted in the mirror, though Clerk has them. */
  buried: number;
  gone: number;
  /** Of these, how many are in order now. */
  repaired: number;
  /** Why nothing of what is gone was deleted, if it was not. */
  kept?: string;
}

/** Where a reconciliation is between two steps. All of it is JSON: the next step may be made elsewhere. */
export interface ReconcileProgress {
  /** Whether it was known before the run which instance the mirror is of; undefined at its beginning. */
  isKnownInstance?: boolean;
  /** Rows that were deleted, by table. */
  deletedSoFar: Record<string, number>;
  /** Names of resources that are through. */
  finished: string[];
  /** The resource under way. */
  current?: ResourceState;
  /** Behind the last erased row that was looked at, once all resources are through. */
  pruned?: { after_table_name: string; after_object_id: string };
  /** Requests that still count for Clerk's limits. */
  turns: Turns;
}

/** Where a reconciliation is with a resource. */
export interface ResourceState {
  name: string;
  /** Lists are compared; what is gone is counted; what is gone is deleted. */
  phase: "compare" | "count" | "delete";
  /** In Clerk's list. */
  position?: Position;
  /** Whether that list is read to its end. */
  isListed: boolean;
  /** In the mirror's table. */
  after?: MirrorPosition;
  /** What is left to be done with a page: rows that are older than its end, and were listed by none. */
  walk?: {
    /** Unix milliseconds; null where all rows are meant. */
    end: number | null;
    /** Ids that may still be met among the rows. */
    listed: string[];
  };
  /** What the page under way was found to be before any of it was mended: so nothing counts twice. */
  found?: Record<StaleKind, number>;
  /** Counting what is gone: how far, and the sums so far. */
  count?: { afterId: string; tables: DeletionCounts };
}

/** Reads what the database has kept of a run. */
export function readProgress(kept: unknown): ReconcileProgress {
  const progress: ReconcileProgress = { deletedSoFar: {}, finished: [], turns: [] };
  return isProgress(kept) ? structuredClone({ ...progress, ...kept }) : progress;
}

/** Nobody but this code writes it. */
function isProgress(kept: unknown): kept is Partial<ReconcileProgress> {
  return isRecord(kept);
}

/** Reads what earlier slices have found. */
export function readResults(kept: unknown): ReconcileResult[] {
  const results: ReconcileResult[] = Array.isArray(kept) ? kept.filter(isResult) : [];
  return structuredClone(results);
}

function isResult(value: unknown): value is ReconcileResult {
  return isRecord(value) && typeof value.name === "string" && typeof value.compared === "number" &&
    Array.isArray(value.refused);
}

/** A result of a resource of which nothing is known yet. */
export function newResult(name: string): ReconcileResult {
  return {
    name,
    compared: 0,
    missing: 0,
    outdated: 0,
    buried: 0,
    gone: 0,
    repaired: 0,
    refused: [],
    refused_count: 0,
  };
}
