/** Brings what a Clerk instance has into the mirror: what existed before the webhooks, or came in none. */
import { parseArgs } from "node:util";
import { readSupabaseEnv } from "../functions/_shared/supabase_env.ts";
import { chooseResources } from "./clerk/choose_resources.ts";
import { readClerkEnv } from "./clerk/clerk_env.ts";
import { createClerkSource } from "./clerk/clerk_source.ts";
import { connectPatiently } from "./clerk/patient_database.ts";
import { withProgress } from "./clerk/progress.ts";
import { type BackfillResult, runBackfill } from "./clerk/run_backfill.ts";
import { listRefused } from "./cli/list_refused.ts";
import { listShortfalls } from "./cli/list_shortfalls.ts";
import { runMain } from "./cli/run_main.ts";
import { projectEnv } from "./dev/project_env.ts";

const USAGE = `Usage: deno task backfill [options]

Reads a Clerk instance (CLERK_SECRET_KEY) and writes it into the mirror (SUPABASE_URL and
SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY; else the running "deno task dev"). Variables are
read from the environment, then from .env. It may run while webhooks arrive, and goes on where it was
interrupted.

Options:
  --only <names>   Some resources, separated by commas: users, organizations, memberships,
                   invitations, domains, roles, permissions, waitlist_entries, subscriptions,
                   subscription_items, payment_attempts
  --since <date>   Only objects that were updated since then, such as 2026-01-31 or
                   2026-01-31T18:00:00Z
  --dry-run        Read and check everything, write nothing
  --restart        Begin anew where an earlier run was interrupted`;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      since: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      restart: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const resources = chooseResources(values.only);
  const since = values.since === undefined ? undefined : toTime(values.since);
  const env = await projectEnv();
  const clerk = readClerkEnv(env);
  const project = readSupabaseEnv(env);

  const results = await withProgress(async (progress) =>
    await runBackfill({
      source: createClerkSource({ ...clerk, onPause: progress.pause }),
      database: await connectPatiently(project, progress.pause),
      resources,
      ...(since === undefined ? {} : { since }),
      isDryRun: values["dry-run"],
      isRestart: values.restart,
      progress,
    })
  );
  conclude(results, values["dry-run"]);
}

function toTime(date: string): number {
  const time = Date.parse(date);
  if (Number.isNaN(time)) throw new Error(`"--since ${date}" is not a date such as 2026-01-31`);
  return time;
}

function conclude(results: BackfillResult[], isDryRun: boolean): void {
  const count = results.reduce((sum, result) => sum + result.count, 0);
  console.log(
    `${count.toLocaleString("en")} objects read${isDryRun ? ", nothing written" : ""}. ` +
      "Clerk lists no sessions: they come with their events.",
  );
  if (listRefused(results) + listShortfalls(results) > 0) Deno.exitCode = 1;
}

await runMain(main);
// A request that was given up may still be open, and would keep the process.
Deno.exit();
