import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Contents } from "../sql/contents.ts";
import { renderUninstall } from "../sql/render_uninstall.ts";
import type { FileChange } from "./change_files.ts";
import { configFormat, removeFromConfig } from "./edit_config.ts";
import { checksum, type Lock, LOCK_FILE } from "./lock_file.ts";
import { migrationVersions } from "./file_clashes.ts";
import { nextVersion } from "./next_version.ts";
import type { Plan } from "./plan.ts";
import { functionPath, type MayOverwrite, readIfExists } from "./plan_functions.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** Functions in the lock file: those whose files are deleted, and those that were edited. */
interface Removal {
  changes: FileChange[];
  /** Names. */
  removed: string[];
  /** Paths. */
  kept: string[];
}

/**
 * Plans to remove the mirror: a migration that drops what was installed, and deleting all that was written
 * except the migrations, which the database remembers. Edited files stay, unless the user says otherwise.
 *
 * @param applied Versions of the database's migrations, if it was examined.
 * @throws {Error} with a sentence, if it can't be done without affecting the project's own files.
 */
export async function planUninstall(
  project: SupabaseProject,
  contents: Contents,
  lock: Lock,
  mayOverwrite: MayOverwrite,
  applied: string[],
): Promise<Plan> {
  const { folder } = project;
  const naming = { schema: lock.schema, prefix: lock.prefix };
  const functions = await planRemovals(folder, lock, mayOverwrite);
  const config = planConfigRemoval(project, lock, functions);
  const versions = [...migrationVersions(folder), ...applied];
  const lockText = readFileSync(join(folder, LOCK_FILE), "utf8");
  return {
    project,
    version: contents.version,
    naming,
    changes: [
      {
        path: `migrations/${nextVersion(versions)}_remove_clerk_mirror.sql`,
        before: undefined,
        after: renderUninstall(contents.releases, naming),
      },
      ...functions.changes,
      ...config.changes,
      { path: LOCK_FILE, before: lockText, after: undefined },
    ],
    hunks: config.hunks,
    kept: functions.kept,
    notes: [],
  };
}

async function planRemovals(
  folder: string,
  lock: Lock,
  mayOverwrite: MayOverwrite,
): Promise<Removal> {
  const removal: Removal = { changes: [], removed: [], kept: [] };
  for (const name of lock.config.functions) {
    const path = functionPath(name);
    const before = readIfExists(join(folder, path));
    const isEdited = before !== undefined && checksum(before) !== lock.files[path];
    if (isEdited && !await mayOverwrite(path)) {
      removal.kept.push(path);
      continue;
    }
    removal.removed.push(name);
    if (before !== undefined) removal.changes.push({ path, before, after: undefined });
  }
  return removal;
}

/** A function that stays keeps its section. */
function planConfigRemoval(
  project: SupabaseProject,
  { config }: Lock,
  { removed, kept }: Removal,
): Pick<Plan, "changes" | "hunks"> {
  const path = project.configName;
  const before = readFileSync(join(project.folder, path), "utf8");
  const isAsWritten = kept.length === 0 && config.file === path;
  const { text: after, hunks } = removeFromConfig(
    configFormat(project),
    before,
    { functions: removed, schema: config.schema },
    isAsWritten ? config.hunks : [],
  );
  return { changes: [{ path, before, after }], hunks };
}
