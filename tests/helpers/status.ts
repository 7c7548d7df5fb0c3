/** The status of a mirror, as its tests look at it. */
import assert from "node:assert/strict";
import type { StatusLevel, StatusReport } from "../../tools/commands/status/status_report.ts";
import { type StatusOptions, takeStatus } from "../../tools/commands/status/take_status.ts";
import type { OwnMirror } from "./mirror.ts";
import { addScheduleExtensions } from "./scheduler.ts";

/** What else than the mirror's own is used. */
export interface StatusOverrides {
  project?: Partial<StatusOptions["project"]>;
  probe?: Partial<NonNullable<StatusOptions["probe"]>>;
  timeout?: number;
}

/** Takes the status of a mirror, its function included. */
export function statusOf(
  mirror: OwnMirror,
  overrides: StatusOverrides = {},
): Promise<StatusReport> {
  const { project, probe, ...others } = overrides;
  return takeStatus({
    project: {
      supabaseUrl: mirror.apiUrl,
      supabaseKey: mirror.keys.secretKey,
      naming: mirror.naming,
      ...project,
    },
    probe: {
      functionUrl: mirror.webhookUrl,
      signingSecrets: [mirror.signingSecret],
      ...probe,
    },
    ...others,
  });
}

/** Asserts what a line says. Whatever is not well says what to do. */
export function assertLine(
  report: StatusReport,
  name: string,
  level: StatusLevel,
  text: RegExp,
  advice?: RegExp,
): void {
  const line = report.lines.find((line) => line.name === name);
  assert.ok(line, `a line "${name}" among ${report.lines.map(({ name }) => name)}`);
  assert.equal(line.level, level, JSON.stringify(line));
  assert.match(line.text, text);
  if (level === "well") assert.equal(line.advice, undefined);
  else assert.match(line.advice ?? "", advice ?? /\w/);
}

/** Has Supabase look after the mirror, as far as a test can. */
export async function schedule(mirror: OwnMirror): Promise<void> {
  await addScheduleExtensions(mirror);
  await mirror.sql`select clerk_sync.schedule(${mirror.apiUrl}, 'sb_secret_of_the_project')`;
}

/** Records a reconciliation that has ended. */
export async function recordReconciliation(
  { sql }: OwnMirror,
  { results = [], error = null, isRepair = true, endedAgo = "1 hour" }: {
    results?: Record<string, string | number>[];
    error?: string | null;
    isRepair?: boolean;
    endedAgo?: string;
  } = {},
): Promise<void> {
  await sql`
    insert into clerk_sync.runs (kind, asked_by, is_repair, state, started_at, ended_at, results, error)
    values (
      'reconcile', 'schedule', ${isRepair}, ${error === null ? "done" : "failed"},
      now() - ${endedAgo}::interval - interval '1 minute', now() - ${endedAgo}::interval,
      ${sql.json(results)}, ${error}
    )`;
}
