import { ageOf, type Facts } from "./facts.ts";
import { broken, look, type StatusLine, well } from "./status_report.ts";
import { DAILY_JOB_MISSED_AFTER, RECONCILED_WITHIN } from "./thresholds.ts";
import { sayDuration } from "./words.ts";

/** The job that is always there: the others come and go with the work, or with the options. */
const DAILY_JOB = "clerk_mirror_prune";

const SET_UP =
  `In the SQL editor: "select clerk_sync.schedule('https://<ref>.supabase.co', 'sb_secret_…')"`;

/** The line about what Supabase does for the mirror on its own. */
export function judgeSchedule(facts: Facts): StatusLine {
  const name = "Schedule";
  const { is_scheduled, missing_extensions: missing, jobs, project_url } = facts.schedule;
  if (!is_scheduled) return judgeWithout(name, facts);
  if (missing.length > 0) {
    return broken(
      name,
      `It needs ${missing.join(", ")}, which the database no longer has`,
      `Enable it under Database, Extensions. ${SET_UP}`,
    );
  }

  const failed = jobs.find(({ last_status }) => last_status === "failed");
  if (failed) {
    return broken(
      name,
      `The job "${failed.name}" failed: ${failed.last_message?.trim() || "no reason was recorded"}`,
      `Set it up again. ${SET_UP}`,
    );
  }
  const inactive = jobs.find(({ is_active }) => !is_active);
  if (inactive) {
    return look(name, `The job "${inactive.name}" is switched off`, `Set it up again. ${SET_UP}`);
  }
  const daily = jobs.find(({ name }) => name === DAILY_JOB);
  if (daily === undefined) {
    return broken(name, "Its jobs are gone", `Set it up again. ${SET_UP}`);
  }
  const age = daily.last_started_at === null ? 0 : ageOf(daily.last_started_at, facts);
  if (age >= DAILY_JOB_MISSED_AFTER) {
    return look(
      name,
      `Its daily job last started ${sayDuration(age)} ago`,
      "pg_cron is not running: restart the project, under Settings, General",
    );
  }
  return well(name, `Set up for ${project_url}: ${jobs.map(sayJob).join(", ")}`);
}

/** Something else may do the schedule's work: then there is a recent reconciliation. */
function judgeWithout(name: string, facts: Facts): StatusLine {
  const { missing_extensions: missing } = facts.schedule;
  const { last_reconciled_at: doneAt } = facts.runs;
  if (doneAt !== null && ageOf(doneAt, facts) < RECONCILED_WITHIN) {
    return well(name, "None is set up; reconciliations run from elsewhere");
  }
  const absent = missing.length > 0 ? ` (${missing.join(", ")} not enabled yet)` : "";
  return look(
    name,
    `None is set up${absent}: missed effects wait, and nothing is reconciled`,
    SET_UP,
  );
}

function sayJob({ name, schedule }: Facts["schedule"]["jobs"][number]): string {
  return `${name.replace("clerk_mirror_", "")} "${schedule}"`;
}
