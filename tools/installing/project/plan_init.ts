import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Naming } from "../../../functions/_shared/naming.ts";
import type { Contents } from "../sql/contents.ts";
import { renderMigration } from "../sql/render_migration.ts";
import { configFormat, findSections } from "./edit_config.ts";
import { checksum, type Lock } from "./lock_file.ts";
import { nextVersion } from "./next_version.ts";
import type { Plan } from "./plan.ts";
import { planConfig, planLock } from "./plan_config.ts";
import { type MayOverwrite, planFunctions, readIfExists } from "./plan_functions.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** What the project itself has that matters here. */
export interface InitFacts {
  /** Versions of all its migrations, in files and in the database. */
  versions: string[];
  notes: string[];
}

/**
 * Plans a first installation: one migration, the functions, their sections in the configuration.
 *
 * @throws {Error} with a sentence, if the project has functions with these names.
 */
export async function planInit(
  project: SupabaseProject,
  contents: Contents,
  naming: Naming,
  { versions, notes }: InitFacts,
): Promise<Plan> {
  const names = contents.functions.map(({ name }) => name);
  refuseFunctions(project, names);
  const { changes, files } = await planFunctions(
    project.folder,
    contents.functions,
    naming,
    undefined,
    () => Promise.resolve(false),
  );
  const migration = `migrations/${nextVersion(versions)}_clerk_mirror.sql`;
  const sql = renderInstallation(contents, naming);
  const config = planConfig(project, names, naming, undefined);
  const lock: Lock = {
    version: contents.version,
    ...naming,
    migrations: [{ file: migration, releases: contents.releases.map(({ version }) => version) }],
    files: { [migration]: checksum(sql), ...files },
    config: config.lock,
  };
  return {
    project,
    version: contents.version,
    naming,
    changes: [
      { path: migration, before: undefined, after: sql },
      ...changes,
      config.change,
      planLock(project.folder, lock),
    ],
    hunks: config.hunks,
    kept: [],
    notes,
  };
}

/**
 * Plans to repair an installation of this release: missing functions and sections are restored. A missing
 * migration may have been merged into another one, and isn't.
 */
export async function planRepair(
  project: SupabaseProject,
  contents: Contents,
  lock: Lock,
  mayOverwrite: MayOverwrite,
): Promise<Plan> {
  const names = contents.functions.map(({ name }) => name);
  const functions = await planFunctions(
    project.folder,
    contents.functions,
    lock,
    lock,
    mayOverwrite,
  );
  const config = planConfig(project, names, lock, lock);
  const next: Lock = {
    ...lock,
    files: { ...lock.files, ...functions.files },
    config: config.lock,
  };
  return {
    project,
    version: contents.version,
    naming: { schema: lock.schema, prefix: lock.prefix },
    changes: [...functions.changes, config.change, planLock(project.folder, next)],
    hunks: config.hunks,
    kept: functions.kept,
    notes: [],
  };
}

function renderInstallation({ version, releases }: Contents, naming: Naming): string {
  return `-- The Clerk mirror (clerk-supabase-mirror ${version}). Once it is applied, leave it as it is: upgrades come as
-- migrations of their own.

${renderMigration(releases.map(({ sql }) => sql).join("\n"), naming)}`;
}

/** Functions can't have other names: Clerk has their URLs. */
function refuseFunctions(project: SupabaseProject, names: string[]): void {
  const text = readIfExists(join(project.folder, project.configName)) ?? "";
  const theirs = [
    ...names.filter((name) => existsSync(join(project.folder, "functions", name))).map((name) =>
      `"supabase/functions/${name}"`
    ),
    ...findSections(configFormat(project), text, names).filter(({ isOurs }) => !isOurs).map(
      ({ name }) => `[functions.${name}] in "supabase/${project.configName}"`,
    ),
  ];
  if (theirs.length === 0) return;
  throw new Error(
    `The project already has functions with the mirror's names: ${
      theirs.join(", ")
    }. Rename or remove them, ` +
      "then run this again. Nothing was changed",
  );
}
