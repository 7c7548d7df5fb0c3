import { join } from "node:path";
import process from "node:process";
import { type CliResult, QUIET, toCliResult } from "../../tools/development/stack/supabase_cli.ts";

/** The last of its second major version, which many projects have. */
const VERSION = "2.122.1";

/** Where npm keeps the program, by Node's names of systems. */
const SYSTEMS: Record<string, string> = { win32: "windows" };

/** Runs the CLI, as `runSupabase` runs the third major version. */
export type RunCli = (args: string[], env?: Record<string, string>) => Promise<CliResult>;

/**
 * Installs the second major version of the Supabase CLI into a folder: the npm package with the binary.
 */
export async function installSupabaseCli2(folder: string): Promise<RunCli> {
  const system = SYSTEMS[process.platform] ?? process.platform;
  const name = `@supabase/cli-${system}-${process.arch}`;
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify({ nodeModulesDir: "auto", imports: { cli: `npm:${name}@${VERSION}` } }),
  );
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install"],
    cwd: folder,
  }).output();
  if (!success) throw new Error(`Can't install "${name}": ${new TextDecoder().decode(stderr)}`);
  const program = process.platform === "win32" ? "supabase.exe" : "supabase";
  return async (args, env = {}) => {
    const output = await new Deno.Command(join(folder, "node_modules", name, "bin", program), {
      args,
      cwd: folder,
      env: { ...QUIET, ...env },
      stdin: "null",
    }).output();
    return toCliResult(output);
  };
}
