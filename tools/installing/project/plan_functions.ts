import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { confirm, isCancel } from "@clack/prompts";
import type { Naming } from "../../../functions/_shared/naming.ts";
import type { PackagedFunction } from "../sql/contents.ts";
import { renderFunction } from "../sql/render_function.ts";
import type { FileChange } from "./change_files.ts";
import { checksum, type Lock } from "./lock_file.ts";

/** Where a function is, below `supabase/`. */
export function functionPath(name: string): string {
  return `functions/${name}/index.js`;
}

/** What happens to the files of functions. */
export interface FunctionsPlan {
  changes: FileChange[];
  /** Paths that were edited, and that stay. */
  kept: string[];
  /** Checksums of what the mirror wrote, now or before. */
  files: Record<string, string>;
}

/** Whether an edited file may be replaced: asked for each, or decided by `--force`. */
export type MayOverwrite = (path: string) => Promise<boolean>;

/** @param canAsk Whether there is someone to ask. If not, edited files stay, unless forced. */
export function overwriting(isForced: boolean, canAsk: boolean, verb: string): MayOverwrite {
  return async (path) => {
    if (isForced || !canAsk) return isForced;
    const message = `supabase/${path} was edited since it was written. ${verb} it anyway?`;
    const answer = await confirm({ message, initialValue: false });
    if (isCancel(answer)) throw new Error("Nothing was changed");
    return answer;
  };
}

/**
 * Plans the package's functions: new ones, missing ones, and those from another release. Edited files are
 * left alone unless the user says otherwise.
 */
export async function planFunctions(
  folder: string,
  functions: PackagedFunction[],
  naming: Naming,
  lock: Lock | undefined,
  mayOverwrite: MayOverwrite,
): Promise<FunctionsPlan> {
  const plan: FunctionsPlan = { changes: [], kept: [], files: {} };
  for (const { name, code } of functions) {
    const path = functionPath(name);
    const before = readIfExists(join(folder, path));
    const after = renderFunction(code, naming);
    const written = lock?.files[path];
    const isEdited = before !== undefined && checksum(before) !== written &&
      checksum(before) !== checksum(after);
    if (isEdited && !await mayOverwrite(path)) {
      plan.kept.push(path);
      if (written !== undefined) plan.files[path] = written;
      continue;
    }
    // Different line endings from version control are no reason to rewrite it.
    const isSame = before !== undefined && checksum(before) === checksum(after);
    plan.changes.push({ path, before, after: isSame ? before : after });
    plan.files[path] = checksum(after);
  }
  return plan;
}

/** The text of a file; undefined if there is none. */
export function readIfExists(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
