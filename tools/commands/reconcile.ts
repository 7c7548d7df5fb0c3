/** Compares the mirror with Clerk in both directions: what is missing, outdated, or gone. */
import process from "node:process";
import { styleText } from "node:util";
import { readSupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import { chooseResources } from "./runs/choose_resources.ts";
import { readClerkEnv } from "../../functions/_shared/clerk_env.ts";
import { createClerkSource } from "../../functions/_shared/clerk/clerk_source.ts";
import { connectPatiently } from "../../functions/_shared/patient_database.ts";
import type { ReconcileResult } from "../../functions/_shared/runs/reconcile_progress.ts";
import { withProgress } from "./runs/progress.ts";
import { runReconcile } from "./runs/run_reconcile.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { listRefused } from "./cli/list_refused.ts";
import { listShortfalls } from "./cli/list_shortfalls.ts";
import { numberFromZero, wholeNumber } from "./cli/numbers.ts";
import { formatTable } from "./cli/table.ts";
import { projectEnv } from "../development/dev/project_env.ts";

/** Exit statuses, like those of `diff`. */
const DIFFERENT = 1;
const TROUBLE = 2;

/** The status of a run that failed. */
export const failure = TROUBLE;

export const command = defineCommand(
  "reconcile",
  `Compares the mirror with a Clerk instance. It takes the variables of "${
    commandLine("backfill")
  }". It prints how
many objects of each resource are missing here, outdated here, buried here (deleted, though Clerk still
has them), or gone from Clerk. Exit status: 0 if there was no difference, 1 if there was one, 2 if it could
not tell.`,
)
  .option(
    "--repair",
    "Repair the differences: write what is missing, outdated or buried, and delete what is gone",
    false,
  )
  .option(
    "--allow-deletions <rows>",
    `Delete up to this many rows of a table. Without it, --repair deletes nothing of a resource if more
than 5 percent of a table would go (and more than 20 rows), or if Clerk lists nothing at all. It says so,
and how many rows that would be`,
    wholeNumber("--allow-deletions", { from: 0 }),
    0,
  )
  .option(
    "--only <names>",
    `Only some resources, separated by commas; "${commandLine("backfill --help")}" names them`,
    chooseResources,
  )
  .option(
    "--grace <seconds>",
    "Skip objects that were updated this recently: their webhooks may still be on their way",
    numberFromZero("--grace", "seconds"),
    60,
  )
  .action(async ({ only = chooseResources(), repair, allowDeletions, grace }) => {
    const env = await projectEnv();
    const clerk = readClerkEnv(env);
    const project = readSupabaseEnv(env);
    const results = await withProgress(async (progress) =>
      await runReconcile({
        source: createClerkSource({ ...clerk, onPause: progress.pause }),
        database: await connectPatiently(project, progress.pause),
        resources: only,
        isRepair: repair,
        grace,
        allowedDeletions: allowDeletions,
        progress,
      })
    );
    conclude(results, repair);
  });

function conclude(results: ReconcileResult[], isRepair: boolean): void {
  const rows = results.map((result) => {
    const { name, compared, skipped, missing, outdated, buried, gone, repaired } = result;
    if (skipped !== undefined) return [name, "left out"];
    const differences = [missing, outdated, buried, gone].map(styleDifference);
    return [name, String(compared), ...differences, ...(isRepair ? [String(repaired)] : [])];
  });
  const headings = ["Resource", "In Clerk", "Missing", "Outdated", "Buried", "Gone"];
  console.log(formatTable([...headings, ...(isRepair ? ["Repaired"] : [])], rows));
  listRefused(results);
  const isIncomplete = listShortfalls(results) > 0;
  for (const { name, kept } of results) {
    if (kept !== undefined) console.error(styleText("red", `${name}: ${kept}`));
  }
  if (
    results.some(({ missing, outdated, buried, gone }) => missing + outdated + buried + gone > 0)
  ) {
    process.exitCode = DIFFERENT;
  }
  if (isIncomplete) process.exitCode = TROUBLE;
}

function styleDifference(count: number): string {
  return count === 0 ? "0" : styleText("yellow", String(count));
}
