/** Adds the mirror to a hosted Supabase project, writing no files. */
import { defineCommand } from "./cli/command.ts";
import { runHostedInstall } from "../installing/hosted/install.ts";

export const command = defineCommand(
  "install",
  `Installs the mirror in a hosted project, through Supabase's Management API. It shows what it will do
and asks. Then it applies one migration, sets the secrets, deploys the functions, and makes the project
accept Clerk's tokens. If it is interrupted, run it again and it continues. The access token is
SUPABASE_ACCESS_TOKEN; without it, you are asked for one. It is never stored. The functions' variables
(CLERK_WEBHOOK_SIGNING_SECRET, CLERK_SECRET_KEY, …) are set if they are in the environment or in .env.
For a project under version control, use "init" instead. Exit status: 0 if everything is in place, else 1.`,
)
  .requiredOption("--project-ref <ref>", "The project: 20 letters, as in its URL")
  .option("--schema <name>", 'The schema for the mirror\'s tables; "public" by default')
  .option("--prefix <text>", "A prefix for the mirror's tables and functions, such as clerk_")
  .option(
    "--clerk-domain <domain>",
    "Clerk's domain (Dashboard, Integrations, Supabase); by default, the one in CLERK_PUBLISHABLE_KEY",
  )
  .option(
    "--schedule",
    "Let Supabase look after the mirror: missed effects, a reconciliation every night, pruning",
    false,
  )
  .option("--force", "Overwrite functions and secrets with the same names", false)
  .option("--dry-run", "Show what it would do, and do nothing", false)
  .option("--json", "Print the result as JSON, everything else to standard error", false)
  .option("-y, --yes", "Do it without asking", false)
  .option("--api-url <url>", "Another address of the Management API (SUPABASE_API_URL)")
  .action(runHostedInstall);
