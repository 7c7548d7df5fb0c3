/** Upgrades the mirror in a hosted project to this release: through Supabase's Management API. */
import type { Naming } from "../../../functions/_shared/naming.ts";
import { commandLine } from "../../commands/cli/command.ts";
import { isConfirmed } from "../../commands/cli/confirm.ts";
import type { Release } from "../sql/contents.ts";
import { renderRelease } from "../sql/render_migration.ts";
import { nextVersion } from "../project/next_version.ts";
import { compareVersions } from "../../../functions/_shared/compare_versions.ts";
import { type DatabaseState, readDatabaseState } from "./database_state.ts";
import { checkOwnership } from "./find_obstacles.ts";
import { functionSteps, planFunctions } from "./functions.ts";
import { MIGRATION_NAME } from "./install.ts";
import type { ManagementApi } from "./management_api.ts";
import { migrationStatement } from "./migration_statement.ts";
import { installedVersions } from "./installed_versions.ts";
import { nameOf } from "./naming.ts";
import { checkProject, type HostedOptions, type HostedSession, openSession } from "./session.ts";
import { DATABASE_STEP, recordStatement } from "./step_records.ts";
import { runSteps, showPlan, type Step, stepsAsJson } from "./steps.ts";

/** Upgrades the mirror, or continues an upgrade that stopped. */
export async function runHostedUpgrade(options: HostedOptions): Promise<void> {
  await upgrade(await openSession(options), options);
}

/**
 * Upgrades with the contents of a session: the releases that the database is missing, each in its own
 * transaction, then the functions whose code differs.
 *
 * @throws {Error} with sentences: what is in the way, or what was done and what wasn't.
 */
export async function upgrade(session: HostedSession, options: HostedOptions): Promise<void> {
  const { api, contents, output } = session;
  const projectName = await checkProject(api);
  const database = await readDatabaseState(api);
  const { naming } = database;
  if (naming === undefined) {
    throw new Error(
      `The mirror is not installed in the project "${projectName}". Run "${
        commandLine("install")
      } --project-ref ${api.ref}"`,
    );
  }
  const missing = missingReleases(contents.releases, database);
  const functions = planFunctions(
    contents.functions,
    naming,
    await api.listFunctions(),
    database.steps,
  );
  if (!options.force) checkOwnership(functions, []);

  const steps = [
    ...releaseSteps(api, database, contents.releases, missing, naming),
    ...functionSteps(api, functions),
  ];
  output.say(
    `Project "${projectName}" (${api.ref}), the mirror as ${
      nameOf(naming)
    }, to ${contents.version}:`,
  );
  showPlan(steps, output);
  if (options.dryRun) output.say("Nothing was changed: --dry-run");
  else if (steps.every(({ isDone }) => isDone)) {
    output.say("Nothing to do: everything is in place");
  } else {
    if (!await isConfirmed("Upgrade?", options.yes)) throw new Error("Nothing was changed");
    await runSteps(steps, output);
  }
  output.result({
    project: api.ref,
    ...naming,
    release: contents.version,
    steps: stepsAsJson(steps, options.dryRun),
  });
}

/**
 * The releases that a database is missing, oldest first.
 *
 * @throws {Error} if it has a newer one than the package, or was installed from the project's own files.
 */
function missingReleases(releases: Release[], database: DatabaseState): Release[] {
  const latest = database.releases.at(-1) ?? "0.0.0";
  const packaged = releases.at(-1)?.version ?? "0.0.0";
  if (compareVersions(latest, packaged) > 0) {
    throw new Error(
      `The project has the mirror's release ${latest}, which is newer than this one, ${packaged}. Use a newer package`,
    );
  }
  const missing = releases.filter(({ version }) => compareVersions(version, latest) > 0);
  if (missing.length > 0 && installedVersions(database) === undefined) {
    throw new Error(
      `The mirror's tables came into this project with migration files. Run "${
        commandLine("upgrade")
      }" in its folder, then "supabase db push"`,
    );
  }
  return missing;
}

function releaseSteps(
  api: ManagementApi,
  database: DatabaseState,
  releases: Release[],
  missing: Release[],
  naming: Naming,
): Step[] {
  let versions = installedVersions(database) ?? [];
  return missing.map(({ version: release }) => {
    const version = nextVersion([...database.migrations, ...versions]);
    versions = [...versions, version];
    const record = recordStatement([DATABASE_STEP, { versions }]);
    const name = `${MIGRATION_NAME}_${release.replaceAll(".", "_")}`;
    return {
      name: `release ${release}`,
      title: `Tables and functions of release ${release}: migration ${version}_${name}`,
      isDone: false,
      run: () =>
        api.execute(
          migrationStatement({
            version,
            name,
            sql: renderRelease(releases, release, naming),
          }, [record]),
          `apply release ${release}`,
        ),
    };
  });
}
