import type { CallDatabaseInBulk } from "../../clerk-webhook/database.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import type { Json } from "../database.types.ts";
import { type HeldRun, holdRun } from "./held_run.ts";
import { type Run, type RunRequest, toRun } from "./run.ts";

/** The open run, held if it was taken here. */
export interface OpenRun {
  run: Run;
  /** Undefined if someone else is working on it, or it is postponed. */
  held?: HeldRun;
}

/** Where runs are recorded. */
export interface RunStore {
  /** Begins a run and takes it; if another is open, returns that one without taking it. */
  begin(request: RunRequest, leaseSeconds: number): Promise<OpenRun>;
  /** Takes the open run if no one is working on it; undefined if none is open. */
  take(leaseSeconds: number): Promise<OpenRun | undefined>;
}

export function createRunStore(database: CallDatabaseInBulk): RunStore {
  function toOpenRun(answer: Record<string, unknown>, leaseSeconds: number): OpenRun {
    const run = toRun(answer.run);
    const { lease, progress } = answer;
    if (typeof lease !== "string") return { run };
    return { run, held: holdRun({ database, run, lease, leaseSeconds, progress }) };
  }

  return {
    async begin({ kind, askedBy, isRepair, options }, leaseSeconds) {
      const asked: Record<string, Json> = { ...options };
      const answer = await database({
        rpc: "begin_run",
        args: {
          kind,
          asked_by: askedBy,
          is_repair: isRepair,
          options: asked,
          lease_seconds: leaseSeconds,
        },
      });
      if (!isRecord(answer)) throw new Error("The database doesn't say which run is open");
      return toOpenRun(answer, leaseSeconds);
    },
    async take(leaseSeconds) {
      const answer = await database({ rpc: "take_run", args: { lease_seconds: leaseSeconds } });
      return isRecord(answer) ? toOpenRun(answer, leaseSeconds) : undefined;
    },
  };
}
