/** What is left to do by hand, as commands of the installed CLI. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { commandLine } from "../../commands/cli/command.ts";
import { detectCli, type SupabaseCli } from "./detect_cli.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** A placeholder for what isn't known here. */
const ANY_REF = "<your project ref>";

/** After `init`: lines, numbered. */
export function stepsAfterInit(
  project: SupabaseProject,
  functions: string[],
  { schema }: Naming,
): string[] {
  const cli = detectCli(project.root);
  const ref = linkedProject(project);
  const dashboard = `https://supabase.com/dashboard/project/${ref ?? "_"}`;
  return number([
    ...linking(cli, ref),
    `Create the tables: ${pushCommand(cli)}`,
    `Deploy the functions: ${deployCommand(cli, functions)}`,
    ...(schema === "public" ? [] : [
      `Let the API expose the schema "${schema}": ${dashboard}/settings/api, Exposed schemas`,
    ]),
    `Clerk Dashboard, Webhooks, Add Endpoint: https://${
      ref ?? ANY_REF
    }.supabase.co/functions/v1/clerk-webhook, with the events of user, session, organization, ` +
    "organizationMembership and whatever else you use",
    `Give the function its Signing Secret: ${cli.command} secrets set CLERK_WEBHOOK_SIGNING_SECRET=whsec_…`,
    "Accept Clerk's session tokens: Clerk Dashboard, Integrations, Supabase gives you a domain. Put it into " +
    `${dashboard}/auth/third-party, Clerk (locally: [auth.third_party.clerk] in the configuration)`,
    `Bring in the users you already have: ${commandLine("backfill")}`,
    `Let Supabase look after the mirror, with this statement in ${dashboard}/sql/new: ` +
    scheduleStatement(ref),
  ]);
}

/** What the holder of the project's secret key runs, with an `sb_secret_…` of their own. */
export function scheduleStatement(ref = ANY_REF): string {
  return `select clerk_sync.schedule('https://${ref}.supabase.co', 'sb_secret_…')`;
}

/** After `upgrade`. */
export function stepsAfterUpgrade(project: SupabaseProject, functions: string[]): string[] {
  const cli = detectCli(project.root);
  return number([
    ...linking(cli, linkedProject(project)),
    `Upgrade the tables: ${pushCommand(cli)}`,
    `Deploy the functions: ${deployCommand(cli, functions)}`,
  ]);
}

/** After `uninstall`. */
export function stepsAfterUninstall(
  project: SupabaseProject,
  functions: string[],
  { schema }: Naming,
): string[] {
  const cli = detectCli(project.root);
  const ref = linkedProject(project);
  return number([
    "Delete the endpoint in Clerk's Dashboard, under Webhooks",
    ...linking(cli, ref),
    `Delete the functions: ${
      functions.map((name) => `${cli.command} functions delete ${name}`).join("; ")
    }`,
    `Drop the tables: ${pushCommand(cli)}`,
    `Remove the secret: ${cli.command} secrets unset CLERK_WEBHOOK_SIGNING_SECRET`,
    ...(schema === "public" ? [] : [
      `Remove "${schema}" from the schemas that the API exposes: ` +
      `https://supabase.com/dashboard/project/${ref ?? "_"}/settings/api, Exposed schemas`,
    ]),
  ]);
}

/** How to refer to the project whose database was examined; undefined if it isn't linked. */
export function linkedProject({ folder }: SupabaseProject): string | undefined {
  const file = join(folder, ".temp", "project-ref");
  if (!existsSync(file)) return undefined;
  const ref = readFileSync(file, "utf8").trim();
  return /^[a-z]{20}$/.test(ref) ? ref : undefined;
}

function linking({ command }: SupabaseCli, ref: string | undefined): string[] {
  return ref === undefined
    ? [`Link the project: ${command} login, then ${command} link --project-ref ${ANY_REF}`]
    : [];
}

/** From its third major version on, the CLI only acts on a hosted project if told to. */
function pushCommand({ command, major }: SupabaseCli): string {
  return major >= 3 ? `${command} db push --remote` : `${command} db push`;
}

/** Without Docker. */
function deployCommand({ command }: SupabaseCli, functions: string[]): string {
  return `${command} functions deploy ${functions.join(" ")} --use-api`;
}

function number(steps: string[]): string[] {
  return steps.map((step, place) => `  ${place + 1}. ${step}`);
}
