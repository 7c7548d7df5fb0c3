import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../../commands/cli/command.ts";
import type { Contents } from "../sql/contents.ts";
import { type Lock, LOCK_FILE, readLock } from "./lock_file.ts";
import { functionPath } from "./plan_functions.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/**
 * Reads the lock file of a project that must have one.
 *
 * @throws {Error} with a sentence, if the mirror isn't in it, or its files are there without the lock file.
 */
export function requireLock({ root, folder }: SupabaseProject, { functions }: Contents): Lock {
  const lock = readLock(folder);
  if (lock !== undefined) return lock;
  const file = functions.map(({ name }) => functionPath(name)).find((path) =>
    existsSync(join(folder, path))
  );
  throw new Error(
    file === undefined
      ? `The mirror is not in the project "${root}": "${commandLine("init")}" adds it`
      : `"supabase/${file}" is there, but "supabase/${LOCK_FILE}", which says what was installed, ` +
        "is not: restore it from version control",
  );
}
