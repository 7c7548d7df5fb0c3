import { isRecord } from "../../clerk-webhook/json.ts";

/** What a run does. */
export type RunKind = "backfill" | "reconcile";

/** Who asked for it: a command works on its run itself, the function picks up the others. */
export type AskedBy = "command" | "schedule" | "request";

/** The options, as the database stores them. */
export interface RunOptions {
  /** Names of resources; all by default. */
  only?: string[];
  /** Seconds: a reconciliation leaves alone what was updated this recently. */
  grace?: number;
  /** Rows that a reconciliation may delete from any one table, if they exceed the default limit. */
  allow_deletions?: number;
  /** Unix milliseconds: a backfill of what was updated since then. */
  since?: number;
}

/** A request for a run. */
export interface RunRequest {
  kind: RunKind;
  askedBy: AskedBy;
  /** Whether to write the differences that are found; a backfill always does. */
  isRepair: boolean;
  options: RunOptions;
}

/** A run as the database shows it. */
export interface Run extends RunRequest {
  id: number;
  state: "open" | "done" | "failed";
  /** ISO 8601, here and below. */
  startedAt: string;
  /** Until when no one else takes it. */
  leaseUntil: string;
  /** Whether someone is working on it, or it is postponed. */
  isLeased: boolean;
  sliceCount: number;
  /** Failed slices in a row without progress. */
  failureCount: number;
  /** By resource; see the table's comment. */
  results: unknown;
  error: string | null;
}

/** @throws {Error} if it isn't one. */
export function toRun(value: unknown): Run {
  if (!isRecord(value) || typeof value.id !== "number") {
    throw new Error("The database's answer is not a run");
  }
  const { kind, asked_by, state, error } = value;
  return {
    id: value.id,
    kind: kind === "backfill" ? kind : "reconcile",
    askedBy: asked_by === "command" || asked_by === "schedule" ? asked_by : "request",
    isRepair: value.is_repair === true,
    options: toOptions(value.options),
    state: state === "done" || state === "failed" ? state : "open",
    startedAt: String(value.started_at),
    leaseUntil: String(value.lease_until),
    isLeased: value.is_leased === true,
    sliceCount: Number(value.slice_count),
    failureCount: Number(value.failure_count),
    results: value.results,
    error: typeof error === "string" ? error : null,
  };
}

function toOptions(value: unknown): RunOptions {
  const { only, grace, allow_deletions, since } = isRecord(value) ? value : {};
  return {
    ...(Array.isArray(only) ? { only: only.map(String) } : {}),
    ...(typeof grace === "number" ? { grace } : {}),
    ...(typeof allow_deletions === "number" ? { allow_deletions } : {}),
    ...(typeof since === "number" ? { since } : {}),
  };
}
