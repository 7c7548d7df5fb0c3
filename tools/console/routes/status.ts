import { records, text, textOrNull } from "../fields.ts";
import type { Route } from "../route.ts";
import type { StatusAnswer } from "../shapes.ts";

type Run = StatusAnswer["runs"][number];

/** Runs of each kind that are shown. */
const SHOWN = 20;

export const statusRoutes: Route[] = [{
  method: "GET",
  path: "/api/status",
  async answer(_question, { call, takeStatus }): Promise<StatusAnswer> {
    const { level, takenAt, lines, facts } = await takeStatus();
    // If the database is down, that is one of the lines.
    const runs = facts === null ? [] : await call("read_runs", { page_size: SHOWN });
    return { level, takenAt, lines, runs: records(runs).map(toRun) };
  },
}];

function toRun(run: Record<string, unknown>): Run {
  return {
    id: Number(run.id),
    kind: text(run.kind),
    askedBy: text(run.asked_by),
    isRepair: run.is_repair === true,
    state: run.state === "open" || run.state === "done" ? run.state : "failed",
    startedAt: text(run.started_at),
    endedAt: textOrNull(run.ended_at),
    error: textOrNull(run.error),
    results: records(run.results),
  };
}
