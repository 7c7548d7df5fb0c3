import type { SupabaseEnv } from "../../../functions/_shared/supabase_env.ts";
import type { Facts } from "./facts.ts";
import { judgeEffects } from "./judge_effects.ts";
import { judgeReleases } from "./judge_releases.ts";
import { judgeRuns } from "./judge_runs.ts";
import { judgeSchedule } from "./judge_schedule.ts";
import { judgeWebhooks } from "./judge_webhooks.ts";
import { probeFunction, type ProbeOptions } from "./probe_function.ts";
import { readFacts } from "./read_facts.ts";
import { type StatusLine, type StatusReport, worstLevel } from "./status_report.ts";

/** Whose status to take. */
export interface StatusOptions {
  project: SupabaseEnv;
  /** If undefined, the function is not probed. */
  probe?: ProbeOptions;
  /** Milliseconds that the database may take; 8,000 by default. */
  timeout?: number;
}

/**
 * Takes the status of a mirror: what its database reports, and how its function responds to a probe that
 * changes nothing. It never throws: a project that is down, or isn't one at all, is a line that says so.
 */
export async function takeStatus(options: StatusOptions): Promise<StatusReport> {
  const takenAt = new Date().toISOString();
  const [database, probed] = await Promise.all([
    readFacts(options.project, options.timeout),
    options.probe && probeFunction(options.probe),
  ]);
  const { facts } = database;
  const lines = [
    database.line,
    ...(probed ? [probed.line] : []),
    ...(facts ? judge(facts, probed?.release) : []),
  ];
  return {
    level: worstLevel(lines.map(({ level }) => level)),
    takenAt,
    lines,
    facts: facts ?? null,
  };
}

function judge(facts: Facts, ofFunction: string | undefined): StatusLine[] {
  return [
    judgeReleases(facts.release, ofFunction),
    ...judgeWebhooks(facts),
    ...judgeEffects(facts),
    ...judgeRuns(facts),
    judgeSchedule(facts),
  ];
}
