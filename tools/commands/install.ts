/** Adds the mirror to a hosted Supabase project, writing no files. */
import { defineCommand } from "../cli/command.ts";
import { runHostedInstall } from "../hosted/install.ts";

export const command = defineCommand(
  "install",
  `Installs the mirror in a hosted project, through Supabase's Management API: shows what it will do,
asks, then applies one migration, sets the secrets, deploys the functions and lets Clerk's tokens in.
Run it again after an interruption: it goes on. The access token is SUPABASE_ACCESS_TOKEN, else asked
for, and kept nowhere. The functions' variables (CLERK_WEBHOOK_SIGNING_SECRET, CLERK_SECRET_KEY, …) are
set as far as the environment or .env has them. A project under version control is better served by
"init". Exit status: 0 if all of it is there, else 1.`,
)
  .requiredOption("--project-ref <ref>", "The project: 20 letters, as in its URL")
  .option("--schema <name>", 'The schema for the mirror\'s tables; "public" by default')
  .option("--prefix <text>", "A prefix for the mirror's tables and functions, such as clerk_")
  .option(
    "--clerk-domain <domain>",
    "Clerk's domain (Dashboard, Integrations, Supabase); else that of CLERK_PUBLISHABLE_KEY",
  )
  .option(
    "--schedule",
    "Have Supabase look after the mirror: effects that were missed, a reconciliation every night, pruning",
    false,
  )
  .option("--force", "Overwrite functions and secrets of the same names", false)
  .option("--dry-run", "Show what would be done, do nothing", false)
  .option("--json", "Print the result as JSON, all else to standard error", false)
  .option("-y, --yes", "Do it without asking", false)
  .option("--api-url <url>", "Another address of the Management API (SUPABASE_API_URL)")
  .action(runHostedInstall);
