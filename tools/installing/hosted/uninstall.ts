/** Removes the mirror from a hosted project: what an installation put there, and nothing else. */
import { styleText } from "node:util";
import type { Output } from "../../commands/cli/output.ts";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { commandLine } from "../../commands/cli/command.ts";
import { isConfirmed } from "../../commands/cli/confirm.ts";
import type { Release } from "../sql/contents.ts";
import { countRowsQuery } from "../sql/count_rows.ts";
import { holdersQuery } from "../sql/find_holders.ts";
import { renderUninstall } from "../sql/render_uninstall.ts";
import { compareVersions } from "../../../functions/_shared/compare_versions.ts";
import { type DatabaseState, readDatabaseState } from "./database_state.ts";
import { isExposed, removeSchema } from "./exposed_schema.ts";
import { isOurs } from "./functions.ts";
import { installedVersions } from "./installed_versions.ts";
import type { DeployedFunction, ManagementApi } from "./management_api.ts";
import { removalStatement } from "./migration_statement.ts";
import { nameOf } from "./naming.ts";
import { checkProject, type HostedOptions, type HostedSession, openSession } from "./session.ts";
import {
  EXPOSED_SCHEMA_STEP,
  forgetSteps,
  functionStep,
  isInstallersNote,
} from "./step_records.ts";
import { runSteps, type Step, stepsAsJson } from "./steps.ts";
import { findIssuer, noted } from "./third_party_auth.ts";

/** What will be removed, and what stays although you might not expect it. */
interface Removal {
  steps: Step[];
  kept: string[];
}

/** Uninstalls the mirror, or continues an uninstall that stopped. */
export async function runHostedUninstall(options: HostedOptions): Promise<void> {
  await uninstall(await openSession(options), options);
}

/**
 * Uninstalls with the contents of a session.
 *
 * @throws {Error} with sentences: what depends on the mirror, or what was done and what wasn't.
 */
export async function uninstall(session: HostedSession, options: HostedOptions): Promise<void> {
  const { api, contents, output } = session;
  const projectName = await checkProject(api);
  const database = await readDatabaseState(api);
  const { naming } = database;
  const removal = combine([
    removeFunctions(
      api,
      contents.functions.map(({ name }) => name),
      await api.listFunctions(),
      database,
      options.force,
    ),
    await removeSecrets(api, database),
    await removeThirdPartyAuth(api, database),
    await removeExposedSchema(api, database),
    ...(naming === undefined ? [] : [
      await removeDatabase(api, database, contents.releases, naming, output),
    ]),
  ]);

  output.say(
    `Project "${projectName}" (${api.ref})` +
      (naming === undefined
        ? ", which has none of the mirror's tables:"
        : `, the mirror as ${nameOf(naming)}:`),
  );
  for (const { title } of removal.steps) output.say(`  ${styleText("red", "−")} ${title}`);
  for (const line of removal.kept) output.say(styleText("dim", `  = ${line}`));
  if (options.dryRun) output.say("Nothing was changed: --dry-run");
  else if (removal.steps.length === 0) output.say("Nothing to do: nothing of the mirror is here");
  else {
    if (!await isConfirmed("Remove all of this for good?", options.yes)) {
      throw new Error("Nothing was changed");
    }
    await runSteps(removal.steps, output);
    output.say(
      "What is left to do: delete the webhook endpoint in Clerk's Dashboard, under Webhooks",
    );
  }
  output.result({
    project: api.ref,
    steps: stepsAsJson(removal.steps, options.dryRun),
    kept: removal.kept,
  });
}

function combine(removals: Removal[]): Removal {
  return {
    steps: removals.flatMap(({ steps }) => steps),
    kept: removals.flatMap(({ kept }) => kept),
  };
}

/** Those that an installer deployed, even if a database that was reset no longer knows. */
function removeFunctions(
  api: ManagementApi,
  names: string[],
  deployed: DeployedFunction[],
  database: DatabaseState,
  isForced: boolean,
): Removal {
  const removal: Removal = { steps: [], kept: [] };
  for (const there of deployed.filter(({ slug }) => names.includes(slug))) {
    const { slug } = there;
    if (!isForced && !isOurs(there, database.steps.get(functionStep(slug)))) {
      removal.kept.push(
        `Function "${slug}" stays: it was deployed by other means (--force removes it)`,
      );
      continue;
    }
    removal.steps.push({
      name: `function ${slug}`,
      title: `Function "${slug}"`,
      isDone: false,
      run: () => api.deleteFunction(slug),
    });
  }
  return removal;
}

async function removeSecrets(api: ManagementApi, { steps }: DatabaseState): Promise<Removal> {
  const noted = [...steps].flatMap(([step, detail]) => {
    const [, name] = /^secret (.+)$/.exec(step) ?? [];
    return name === undefined ? [] : [{ name, isReplaced: detail.isReplaced === true }];
  });
  if (noted.length === 0) return { steps: [], kept: [] };
  const there = new Set((await api.listSecrets()).map(({ name }) => name));
  const present = noted.filter(({ name }) => there.has(name));
  const names = present.filter(({ isReplaced }) => !isReplaced).map(({ name }) => name);
  return {
    steps: names.length === 0 ? [] : [{
      name: `secrets ${names.join(", ")}`,
      title: `Secrets of the functions: ${names.join(", ")}`,
      isDone: false,
      run: () => api.deleteSecrets(names),
    }],
    kept: present.filter(({ isReplaced }) => isReplaced)
      .map(({ name }) => `Secret ${name} stays: there was one before, which --force overwrote`),
  };
}

async function removeThirdPartyAuth(
  api: ManagementApi,
  { steps }: DatabaseState,
): Promise<Removal> {
  const issuers = noted(steps);
  if (issuers.length === 0) return { steps: [], kept: [] };
  const providers = await api.listThirdPartyAuth();
  const ours = issuers.flatMap((issuer) => findIssuer(providers, issuer) ?? []);
  return {
    steps: ours.map(({ id, oidc_issuer_url: issuer }) => ({
      name: "third-party auth",
      title: `Third-party auth of ${issuer}: Clerk's session tokens are refused from then on`,
      isDone: false,
      run: () => api.deleteThirdPartyAuth(id),
    })),
    kept: [],
  };
}

async function removeExposedSchema(api: ManagementApi, { steps }: DatabaseState): Promise<Removal> {
  const schema = steps.get(EXPOSED_SCHEMA_STEP)?.schema;
  if (typeof schema !== "string" || !isExposed(await api.readExposedSchemas(), schema)) {
    return { steps: [], kept: [] };
  }
  return {
    steps: [{
      name: "exposed schema",
      title: `Schema "${schema}" among those that the API exposes`,
      isDone: false,
      run: async () =>
        await api.writeExposedSchemas(removeSchema(await api.readExposedSchemas(), schema)),
    }],
    kept: [],
  };
}

/**
 * The tables: last, since the records of everything else are deleted with them.
 *
 * @throws {Error} if objects of the application depend on the mirror's, listing each with its remedy.
 */
async function removeDatabase(
  api: ManagementApi,
  database: DatabaseState,
  packaged: Release[],
  naming: Naming,
  output: Output,
): Promise<Removal> {
  const versions = installedVersions(database);
  if (versions === undefined) return keepDatabase(api, database);
  const latest = database.releases.at(-1) ?? "0.0.0";
  const releases = packaged.filter(({ version }) => compareVersions(version, latest) <= 0);
  if (releases.at(-1)?.version !== latest) {
    throw new Error(
      `The project has the mirror's release ${latest}, which this package doesn't know. Use the package of that release or a newer one`,
    );
  }
  await checkHolders(api, releases, naming);
  const rows = await countRows(api, releases, naming);
  for (const { table, count } of rows) {
    output.say(`  ${table}: ${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`);
  }
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  return {
    steps: [{
      name: "database",
      title:
        `All tables and functions of the mirror as ${
          nameOf(naming, "…")
        } and "clerk_sync.…", with ` +
        `${total.toLocaleString("en")} rows, and migration ${versions.join(", ")} from the history`,
      isDone: false,
      run: () =>
        api.execute(
          removalStatement(renderUninstall(releases, naming), versions),
          "remove the mirror's tables",
        ),
    }],
    kept: [],
  };
}

/** Tables from migration files stay, since the files would still be there; records of the rest are deleted. */
function keepDatabase(api: ManagementApi, { steps }: DatabaseState): Removal {
  const notes = [...steps.keys()].filter(isInstallersNote);
  return {
    steps: notes.length === 0 ? [] : [{
      name: "notes",
      title: "The records of the installation",
      isDone: false,
      run: () => forgetSteps(api, notes),
    }],
    kept: [
      "The tables stay: they came with the project's own migration files. " +
      `"${commandLine("uninstall")}" in its folder writes the migration that drops them`,
    ],
  };
}

async function checkHolders(
  api: ManagementApi,
  releases: Release[],
  naming: Naming,
): Promise<void> {
  const holders = await api.query(holdersQuery(releases, naming));
  if (holders.length === 0) return;
  const lines = holders.map(({ description, remedy }) => `  ${description}\n    ${remedy}`);
  throw new Error(
    `These belong to the application, and depend on the mirror. Below each is the statement that removes the dependency:\n${
      lines.join("\n")
    }\nNothing was changed`,
  );
}

async function countRows(
  api: ManagementApi,
  releases: Release[],
  naming: Naming,
): Promise<{ table: string; count: number }[]> {
  const rows = await api.query(countRowsQuery(releases, naming));
  return rows
    .map(({ table_name, row_count }) => ({ table: String(table_name), count: Number(row_count) }))
    .filter(({ count }) => count > 0);
}
