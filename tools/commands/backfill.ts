/** Copies what a Clerk instance has into the mirror: what existed before the webhooks, or never came in one. */
import process from "node:process";
import { readSupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import { chooseResources, RESOURCE_NAMES } from "./runs/choose_resources.ts";
import { readClerkEnv } from "../../functions/_shared/clerk_env.ts";
import { createClerkSource } from "../../functions/_shared/clerk/clerk_source.ts";
import { connectPatiently } from "../../functions/_shared/patient_database.ts";
import type { BackfillResult } from "../../functions/_shared/runs/backfill.ts";
import { withProgress } from "./runs/progress.ts";
import { runBackfill } from "./runs/run_backfill.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { listRefused } from "./cli/list_refused.ts";
import { listShortfalls } from "./cli/list_shortfalls.ts";
import { projectEnv } from "../development/dev/project_env.ts";

export const command = defineCommand(
  "backfill",
  `Copies a Clerk instance (CLERK_SECRET_KEY) into the mirror (SUPABASE_URL and
SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY; else the running "${
    commandLine("dev")
  }"). Variables are
read from the environment, then from .env. You can run it while webhooks arrive. If it was interrupted,
it continues where it stopped. Exit status: 0 if everything was mirrored, else 1.`,
)
  .option(
    "--only <names>",
    `Only some resources, separated by commas: ${RESOURCE_NAMES}`,
    chooseResources,
  )
  .option(
    "--since <date>",
    "Only objects updated since then, such as 2026-01-31 or 2026-01-31T18:00:00Z",
    toTime,
  )
  .option("--dry-run", "Read and check everything, write nothing", false)
  .option("--restart", "Start over instead of continuing an interrupted run", false)
  .action(async ({ only = chooseResources(), since, dryRun, restart }) => {
    const env = await projectEnv();
    const clerk = readClerkEnv(env);
    const project = readSupabaseEnv(env);
    const results = await withProgress(async (progress) =>
      await runBackfill({
        source: createClerkSource({ ...clerk, onPause: progress.pause }),
        database: await connectPatiently(project, progress.pause),
        resources: only,
        ...(since === undefined ? {} : { since }),
        isDryRun: dryRun,
        isRestart: restart,
        progress,
      })
    );
    conclude(results, dryRun);
  });

function toTime(date: string): number {
  // The parser alone would accept nearly anything as a date.
  const time = /^\d{4}-/.test(date) ? Date.parse(date) : NaN;
  if (Number.isNaN(time)) throw new Error(`"--since ${date}" is not a date such as 2026-01-31`);
  return time;
}

function conclude(results: BackfillResult[], isDryRun: boolean): void {
  const count = results.reduce((sum, result) => sum + result.count, 0);
  console.log(
    `${count.toLocaleString("en")} objects read${isDryRun ? ", nothing written" : ""}. ` +
      "Clerk can't list sessions: they come with their events.",
  );
  if (listRefused(results) + listShortfalls(results) > 0) process.exitCode = 1;
}
