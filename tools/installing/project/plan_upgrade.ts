import type { Contents, Release } from "../sql/contents.ts";
import { renderRelease } from "../sql/render_migration.ts";
import type { FileChange } from "./change_files.ts";
import { compareVersions } from "../../../functions/_shared/compare_versions.ts";
import { checksum, type Lock } from "./lock_file.ts";
import { migrationVersions } from "./file_clashes.ts";
import { nextVersion } from "./next_version.ts";
import type { Plan } from "./plan.ts";
import { planConfig, planLock } from "./plan_config.ts";
import { type MayOverwrite, planFunctions } from "./plan_functions.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** A release as a migration of the project. */
interface ReleaseMigration {
  file: string;
  releases: string[];
  sql: string;
}

/**
 * Plans to upgrade a project to the package's release: a migration for each database release that it is
 * missing, and the functions.
 *
 * @param applied Versions of the database's migrations, if it was examined.
 * @throws {Error} with a sentence, if the project has a newer release.
 */
export async function planUpgrade(
  project: SupabaseProject,
  contents: Contents,
  lock: Lock,
  mayOverwrite: MayOverwrite,
  applied: string[],
): Promise<Plan> {
  refuseNewer(contents, lock);
  const naming = { schema: lock.schema, prefix: lock.prefix };
  const migrations = planMigrations(project, contents.releases, lock, applied);
  const functions = await planFunctions(
    project.folder,
    contents.functions,
    naming,
    lock,
    mayOverwrite,
  );
  const names = contents.functions.map(({ name }) => name);
  const config = planConfig(project, names, naming, lock);
  const written = migrations.map(({ file, sql }) => [file, checksum(sql)]);
  const next: Lock = {
    ...lock,
    version: contents.version,
    migrations: [
      ...lock.migrations,
      ...migrations.map(({ file, releases }) => ({ file, releases })),
    ],
    files: { ...lock.files, ...Object.fromEntries(written), ...functions.files },
    config: config.lock,
  };
  const newFiles = migrations.map(({ file, sql }): FileChange => ({
    path: file,
    before: undefined,
    after: sql,
  }));
  return {
    project,
    version: contents.version,
    naming,
    changes: [...newFiles, ...functions.changes, config.change, planLock(project.folder, next)],
    hunks: config.hunks,
    kept: functions.kept,
    notes: [],
  };
}

/** @throws {Error} with a sentence, if what is installed is newer than the package. */
export function refuseNewer(contents: Contents, lock: Lock): void {
  const known = new Set(contents.releases.map(({ version }) => version));
  const unknown = installedReleases(lock).find((version) => !known.has(version));
  if (unknown === undefined && compareVersions(lock.version, contents.version) <= 0) return;
  throw new Error(
    `The project has the mirror's release ${
      unknown ?? lock.version
    }, which is newer than this package (${contents.version}). ` +
      'Use a newer one: "npx clerk-supabase-mirror@latest upgrade"',
  );
}

function planMigrations(
  { folder }: SupabaseProject,
  releases: Release[],
  lock: Lock,
  applied: string[],
): ReleaseMigration[] {
  const installed = new Set(installedReleases(lock));
  const versions = [...migrationVersions(folder), ...applied];
  const migrations: ReleaseMigration[] = [];
  for (const { version: release } of releases) {
    if (installed.has(release)) continue;
    const version = nextVersion(versions);
    versions.push(version);
    migrations.push({
      file: `migrations/${version}_clerk_mirror_${release.replaceAll(".", "_")}.sql`,
      releases: [release],
      sql: renderUpgrade(releases, release, lock),
    });
  }
  return migrations;
}

function renderUpgrade(releases: Release[], release: string, naming: Lock): string {
  return `-- The Clerk mirror (clerk-supabase-mirror ${release}). Once it is applied, leave it as it is.

${renderRelease(releases, release, naming)}`;
}

function installedReleases({ migrations }: Lock): string[] {
  return migrations.flatMap(({ releases }) => releases);
}
