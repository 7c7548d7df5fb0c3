import { isRecord } from "../../clerk-webhook/json.ts";

/** What a run does. */
export type RunKind = "backfill" | "reconcile";

/** Who asked for it: a command runs it itself, the function takes up what the others ask for. */
export type AskedBy = "command" | "schedule" | "request";

/** What was asked for, as the database keeps it. */
export interface RunOptions {
  /** Names of resources; all by default. */
  only?: string[];
  /** Seconds: a reconciliation leaves alone what was updated so lately. */
  grace?: number;
  /** Rows of any one table that a reconciliation may delete, where they are more than go by themselves. */
  allow_deletions?: number;
  /** Unix milliseconds: a backfill of what was updated since then. */
  since?: number;
}

/** A run that somebody asks for. */
export interface RunRequest {
  kind: RunKind;
  askedBy: AskedBy;
  /** Whether to write what is found to be different; a backfill always does. */
  isRepair: boolean;
  options: RunOptions;
}

/** A run as the database shows it. */
export interface Run extends RunRequest {
  id: number;
  state: "open" | "done" | "failed";
  /** ISO 8601, here and below. */
  startedAt: string;
  /** Until when nobody else takes it. */
  leaseUntil: string;
  /** Whether somebody works on it, or it is put off. */
  isLeased: boolean;
  sliceCount: number;
  /** Slices in a row that came to nothing. */
  failureCount: number;
  /** By resource; see the table's comment. */
  results: unknown;
  error: string | null;
}

/** @throws {Error} if it is none. */
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
