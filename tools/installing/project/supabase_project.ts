import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { findSupabaseProject } from "../../commands/cli/home.ts";

/** In the order in which the Supabase CLI looks for them. Its second major version only knows TOML. */
const CONFIG_NAMES = ["config.json", "config.jsonc", "config.toml"] as const;

/** Folders below the current one that are searched for a project, to suggest it. */
const SEARCH_DEPTH = 3;

/** A Supabase project under version control. */
export interface SupabaseProject {
  /** The folder that contains `supabase/`. */
  root: string;
  /** The folder `supabase/` itself. */
  folder: string;
  configName: typeof CONFIG_NAMES[number];
}

/**
 * Finds the project: upwards from a folder, or exactly where `--workdir` says, as the Supabase CLI does.
 *
 * @param workdir `--workdir`, else `SUPABASE_WORKDIR`.
 * @param from The current folder.
 * @throws {Error} with a sentence, if there is none.
 */
export function openProject(workdir: string | undefined, from: string): SupabaseProject {
  const root = workdir ? resolve(from, workdir) : findSupabaseProject(from);
  const folder = join(root ?? from, "supabase");
  const configName = CONFIG_NAMES.find((name) => isFile(join(folder, name)));
  if (root !== undefined && configName !== undefined) return { root, folder, configName };
  if (workdir) {
    throw new Error(
      `There is no Supabase project in "${root}": it has no "supabase/config.toml". ` +
        '"supabase init" creates one there',
    );
  }
  const below = projectsBelow(from, SEARCH_DEPTH).map((path) => relative(from, path)).sort();
  const hint = below.length > 0
    ? `There is one in ${
      below.map((path) => `"${path}"`).join(", ")
    }: go there, or add "--workdir ${below[0]}"`
    : 'Run "supabase init" first';
  throw new Error(`There is no Supabase project in "${from}" or above. ${hint}`);
}

/** The configuration that the CLI's third major version ignores if there are two. */
export function ignoredConfig({ folder, configName }: SupabaseProject): string | undefined {
  return CONFIG_NAMES.find((name) => name !== configName && isFile(join(folder, name)));
}

function projectsBelow(folder: string, depth: number): string[] {
  if (CONFIG_NAMES.some((name) => isFile(join(folder, "supabase", name)))) return [folder];
  if (depth === 0) return [];
  return readFolders(folder)
    .filter((name) => !name.startsWith(".") && name !== "node_modules")
    .flatMap((name) => projectsBelow(join(folder, name), depth - 1));
}

function readFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    // Unreadable folders are skipped.
    return [];
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
