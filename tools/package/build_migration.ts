import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../stack/supabase_cli.ts";

const MIGRATIONS = join(ROOT, "supabase", "migrations");

/** All migrations of the repository as one, which applies as a whole or not at all. */
export async function buildMigration(): Promise<string> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql")).sort();
  const files = await Promise.all(names.map((name) => readFile(join(MIGRATIONS, name), "utf8")));
  return files.join("\n");
}
