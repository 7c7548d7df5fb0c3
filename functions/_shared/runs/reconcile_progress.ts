import { isRecord } from "../../clerk-webhook/json.ts";
import type { DeletionCounts } from "../clerk/check_deletions.ts";
import type { Turns } from "../clerk/request_limit.ts";
import type { MirrorPosition } from "../clerk/mirrored.ts";
import type { Position } from "../clerk/read_pages.ts";
import type { StaleKind } from "../clerk/compare_with_mirror.ts";
import type { ResourceResult } from "./work.ts";

/** How much a table differed from Clerk. */
export interface ReconcileResult extends ResourceResult {
  /** Objects in Clerk that were compared. */
  compared: number;
  missing: number;
  outdated: number;
  /** Deleted in the mirror, though Clerk has them. */
  buried: number;
  gone: number;
  /** Of these, how many are in order now. */
  repaired: number;
  /** Why nothing of what is gone was deleted, if so. */
  kept?: string;
}

/** Where a reconciliation is between two steps. All of it is JSON: the next step may happen elsewhere. */
export interface ReconcileProgress {
  /** Whether the mirror's instance was known before the run; undefined at its beginning. */
  isKnownInstance?: boolean;
  /** Rows that were deleted, by table. */
  deletedSoFar: Record<string, number>;
  /** Names of finished resources. */
  finished: string[];
  /** The current resource. */
  current?: ResourceState;
  /** After the last erased row that was looked at, once all resources are done. */
  pruned?: { after_table_name: string; after_object_id: string };
  /** Requests that still count toward Clerk's limits. */
  turns: Turns;
}

/** How far a reconciliation has got with a resource. */
export interface ResourceState {
  name: string;
  /** Lists are compared, then what is gone is counted, then deleted. */
  phase: "compare" | "count" | "delete";
  /** Position in Clerk's list. */
  position?: Position;
  /** Whether that list has been read to its end. */
  isListed: boolean;
  /** Position in the mirror's table. */
  after?: MirrorPosition;
  /** What is left to do for a page: rows that are older than its end, and were in no list. */
  walk?: {
    /** Unix milliseconds; null if all rows are meant. */
    end: number | null;
    /** Ids that may still come up among the rows. */
    listed: string[];
  };
  /** What was found in the current page before any of it was repaired, so that nothing counts twice. */
  found?: Record<StaleKind, number>;
  /** Counting what is gone: how far, and the sums so far. */
  count?: { afterId: string; tables: DeletionCounts };
}

/** Reads what the database saved of a run. */
export function readProgress(kept: unknown): ReconcileProgress {
  const progress: ReconcileProgress = { deletedSoFar: {}, finished: [], turns: [] };
  return isProgress(kept) ? structuredClone({ ...progress, ...kept }) : progress;
}

/** Only this code writes it. */
function isProgress(kept: unknown): kept is Partial<ReconcileProgress> {
  return isRecord(kept);
}

/** Reads what earlier slices found. */
export function readResults(kept: unknown): ReconcileResult[] {
  const results: ReconcileResult[] = Array.isArray(kept) ? kept.filter(isResult) : [];
  return structuredClone(results);
}

function isResult(value: unknown): value is ReconcileResult {
  return isRecord(value) && typeof value.name === "string" && typeof value.compared === "number" &&
    Array.isArray(value.refused);
}

/** The result of a resource of which nothing is known yet. */
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
