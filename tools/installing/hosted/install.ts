/** Installs the mirror in a hosted project: through Supabase's Management API, without writing files. */
import type { Naming } from "../../../functions/_shared/naming.ts";
import { readClerkEnv } from "../../../functions/_shared/clerk_env.ts";
import { isConfirmed } from "../../commands/cli/confirm.ts";
import { commandLine } from "../../commands/cli/command.ts";
import type { Release } from "../sql/contents.ts";
import { renderMigration } from "../sql/render_migration.ts";
import { nextVersion } from "../project/next_version.ts";
import { readClerkDomain } from "./clerk_domain.ts";
import { compareVersions } from "../../../functions/_shared/compare_versions.ts";
import { type DatabaseState, readDatabaseState } from "./database_state.ts";
import { exposedSchemaStep } from "./exposed_schema.ts";
import { checkClashes, checkOwnership } from "./find_obstacles.ts";
import { functionSteps, planFunctions } from "./functions.ts";
import type { ManagementApi } from "./management_api.ts";
import { migrationStatement } from "./migration_statement.ts";
import { chooseNaming, nameOf, type NamingOptions } from "./naming.ts";
import { scheduleStep } from "./schedule.ts";
import { planSecrets, readGivenSecrets, secretsStep, SIGNING_SECRET } from "./secrets.ts";
import { checkProject, type HostedOptions, type HostedSession, openSession } from "./session.ts";
import { DATABASE_STEP, recordStatement } from "./step_records.ts";
import { runSteps, showPlan, type Step, stepsAsJson } from "./steps.ts";
import { noted, thirdPartyStep } from "./third_party_auth.ts";
import { concludeInstallation } from "./conclude_installation.ts";

/** Options of an installation. */
export interface InstallOptions extends HostedOptions, NamingOptions {
  /** The domain that Clerk's Dashboard shows under Integrations, Supabase. */
  clerkDomain?: string | undefined;
  /** Makes Supabase look after the mirror from then on. */
  schedule: boolean;
}

/** What the migration is called in the history. */
export const MIGRATION_NAME = "clerk_mirror";

/** Installs the mirror, or continues an installation that stopped. */
export async function runHostedInstall(options: InstallOptions): Promise<void> {
  await install(await openSession(options), options);
}

/**
 * Installs with the contents of a session.
 *
 * @throws {Error} with sentences: what is in the way, or what was done and what wasn't.
 */
export async function install(session: HostedSession, options: InstallOptions): Promise<void> {
  const { api, contents, output, configured } = session;
  const given = readGivenSecrets(configured);
  const domain = readClerkDomain(options.clerkDomain, configured);
  const clerk = given.CLERK_SECRET_KEY === undefined
    ? undefined
    : readClerkEnv({ get: configured });

  const projectName = await checkProject(api);
  const database = await readDatabaseState(api);
  const naming = chooseNaming(options, database.naming);
  checkRelease(contents.releases, database, options.projectRef);
  const migration = renderMigration(contents.releases.map(({ sql }) => sql).join("\n"), naming);
  if (database.naming === undefined) {
    const retry = (choice: string) =>
      `${commandLine("install")} --project-ref ${api.ref} ${choice}`;
    await checkClashes(api, database, migration, naming, retry);
  }

  const functions = planFunctions(
    contents.functions,
    naming,
    await api.listFunctions(),
    database.steps,
  );
  const thereSecrets = await api.listSecrets();
  const secrets = planSecrets(given, thereSecrets, database.steps);
  if (!options.force) checkOwnership(functions, secrets);

  const steps = [
    databaseStep(api, database, contents.releases, migration, naming),
    exposedSchemaStep(api, naming.schema, await api.readExposedSchemas()),
    secretsStep(api, secrets, database.steps),
    ...functionSteps(api, functions),
    domain === undefined
      ? undefined
      : thirdPartyStep(api, domain, await api.listThirdPartyAuth(), database.steps),
    options.schedule ? await scheduleStep(api, database) : undefined,
  ].filter((step): step is Step => step !== undefined);

  output.say(`Project "${projectName}" (${api.ref}), the mirror as ${nameOf(naming)}:`);
  showPlan(steps, output);
  const isSigned = given[SIGNING_SECRET] !== undefined ||
    thereSecrets.some(({ name }) => name === SIGNING_SECRET);
  const endpoint = isSigned ? undefined : clerk;
  if (endpoint !== undefined) {
    output.say("  • Webhook endpoint at Clerk, if its API can create one; else a link to do it");
  }

  const isComplete = steps.every(({ isDone }) => isDone);
  if (options.dryRun) output.say("Nothing was changed: --dry-run");
  else if (isComplete) output.say("Nothing to do: everything is in place");
  else {
    if (!await isConfirmed("Install this?", options.yes)) throw new Error("Nothing was changed");
    await runSteps(steps, output);
  }
  const conclusion = await concludeInstallation(session, {
    clerk: options.dryRun ? undefined : endpoint,
    isSigned,
    isScheduled: options.schedule,
    hasDomain: domain !== undefined || noted(database.steps).length > 0,
    records: database.steps,
  });
  output.result({
    project: api.ref,
    ...naming,
    release: contents.version,
    steps: stepsAsJson(steps, options.dryRun),
    ...conclusion,
  });
}

function checkRelease(releases: Release[], { releases: there }: DatabaseState, ref: string): void {
  const latest = there.at(-1);
  const packaged = releases.at(-1)?.version;
  if (latest === undefined || packaged === undefined) return;
  const order = compareVersions(latest, packaged);
  if (order < 0) {
    throw new Error(
      `The project has the mirror's release ${latest}, and this is ${packaged}. Run "${
        commandLine("upgrade")
      } --project-ref ${ref}"`,
    );
  }
  if (order > 0) {
    throw new Error(
      `The project has the mirror's release ${latest}, which is newer than this one, ${packaged}. Use a newer package`,
    );
  }
}

/** All releases as one migration, which applies completely or not at all. */
function databaseStep(
  api: ManagementApi,
  database: DatabaseState,
  releases: Release[],
  sql: string,
  naming: Naming,
): Step {
  const isDone = database.naming !== undefined;
  const version = nextVersion(database.migrations);
  const release = releases.at(-1)?.version ?? "";
  return {
    name: "database",
    title: isDone
      ? `Tables and functions of release ${database.releases.at(-1)}`
      : `Tables and functions of release ${release} as ${
        nameOf(naming, "…")
      } and "clerk_sync.…": ` +
        `migration ${version}_${MIGRATION_NAME}`,
    isDone,
    run: () =>
      api.execute(
        migrationStatement({ version, name: MIGRATION_NAME, sql }, [
          recordStatement([DATABASE_STEP, { versions: [version] }]),
        ]),
        "apply the migration",
      ),
  };
}
