import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isPacked } from "../../installing/sql/contents.ts";

/**
 * The folder that commands work in: where `.env` is, and where `dev` keeps its files. In the repository, its
 * root; otherwise that of the Supabase project around the current folder, or the current folder itself.
 */
export function homeFolder(): string {
  if (!isPacked) return fileURLToPath(new URL("../../../", import.meta.url));
  return findSupabaseProject(process.cwd()) ?? process.cwd();
}

/**
 * The nearest folder, going up from this one, that has a Supabase project in it, as the Supabase CLI finds
 * it.
 */
export function findSupabaseProject(from: string): string | undefined {
  const folder = resolve(from);
  const isProject = ["config.toml", "config.json", "config.jsonc"].some((name) =>
    existsSync(join(folder, "supabase", name))
  );
  if (isProject) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : findSupabaseProject(parent);
}
