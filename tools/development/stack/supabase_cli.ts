import { fileURLToPath } from "node:url";
import config from "../supabase-cli/deno.json" with { type: "json" };

/** The repository's root, where the CLI finds `supabase/`. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The CLI's own small project, with its own lock file. */
const CONFIG = fileURLToPath(new URL("../supabase-cli/deno.json", import.meta.url));

/** No telemetry, and no warning about a loopback database without TLS. */
export const QUIET = { SUPABASE_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", PGSSLMODE: "disable" };

/** How a run of the CLI ended. */
export interface CliResult {
  success: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Runs the Supabase CLI, the npm package that `tools/development/supabase-cli` pins.
 *
 * @param args Its arguments. For a project folder other than this repository: `--workdir`.
 */
export async function runSupabase(
  args: string[],
  env: Record<string, string> = {},
): Promise<CliResult> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `--config=${CONFIG}`, config.imports.supabase, ...args],
    cwd: ROOT,
    env: { ...QUIET, ...env },
    stdin: "null",
  }).output();
  return toCliResult(output);
}

/** The output of a run of the CLI, as text. */
export function toCliResult({ success, stdout, stderr }: Deno.CommandOutput): CliResult {
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Applies the migrations to a database, as `supabase db push` does anywhere.
 *
 * @param folder Whose `supabase/migrations` to apply; this repository's by default.
 * @throws {Error} with what the CLI says, if one fails.
 */
export async function pushMigrations(databaseUrl: string, folder = ROOT): Promise<void> {
  const { success, stdout, stderr } = await runSupabase([
    "db",
    "push",
    `--remote=${databaseUrl}`,
    `--workdir=${folder}`,
    "--yes",
  ]);
  if (!success) throw new Error(`Can't apply the migrations: ${stderr || stdout}`);
}

/**
 * The types of one of a database's schemas, as TypeScript.
 *
 * @throws {Error} with what the CLI says, if it fails.
 */
export async function generateTypes(databaseUrl: string, schema = "public"): Promise<string> {
  const { success, stdout, stderr } = await runSupabase([
    "gen",
    "types",
    `--remote=${databaseUrl}`,
    `--schema=${schema}`,
  ]);
  if (!success) throw new Error(`Can't generate the types: ${stderr || stdout}`);
  return await format(stdout);
}

async function format(source: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=ts", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}
