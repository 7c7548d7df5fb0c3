import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Naming } from "../../../functions/_shared/naming.ts";
import type { FileChange } from "./change_files.ts";
import { addToConfig, configFormat, type ConfigHunk, isExposed } from "./edit_config.ts";
import { formatLock, type Lock, LOCK_FILE } from "./lock_file.ts";
import { readIfExists } from "./plan_functions.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** What happens to the configuration. */
export interface ConfigPlan {
  change: FileChange;
  hunks: ConfigHunk[];
  /** As it will be recorded. */
  lock: Lock["config"];
}

/**
 * Plans what the configuration is missing.
 *
 * @throws {Error} with a sentence, if it can't be changed without affecting what is there.
 */
export function planConfig(
  project: SupabaseProject,
  names: string[],
  { schema }: Naming,
  lock: Lock | undefined,
): ConfigPlan {
  const before = readIfExists(join(project.folder, project.configName)) ?? "";
  const exposed = schema === "public" ? undefined : schema;
  const edited = addToConfig(configFormat(project), before, { functions: names, schema: exposed });
  const known = lock?.config.file === project.configName ? lock.config.hunks : [];
  // A schema that the project exposes itself stays exposed after the mirror is removed.
  const isExposedByUs = lock?.config.schema !== undefined ||
    (exposed !== undefined && !isExposed(configFormat(project), before, exposed));
  return {
    change: { path: project.configName, before, after: edited.text },
    hunks: edited.hunks,
    lock: {
      file: project.configName,
      functions: names,
      ...(isExposedByUs && exposed !== undefined ? { schema: exposed } : {}),
      hunks: [...known, ...edited.hunks.map(({ before, after }) => ({ before, after }))],
    },
  };
}

/** Plans the lock file. One with the same content in another layout stays as it is. */
export function planLock(folder: string, lock: Lock): FileChange {
  const before = readIfExists(join(folder, LOCK_FILE));
  const isSame = before !== undefined && isDeepStrictEqual(JSON.parse(before), lock);
  return { path: LOCK_FILE, before, after: isSame ? before : formatLock(lock) };
}
