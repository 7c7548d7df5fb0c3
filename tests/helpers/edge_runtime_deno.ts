import { join } from "node:path";
import process from "node:process";

/** The Deno that Supabase's edge runtime embeds. */
const VERSION = "2.1.4";

/**
 * Installs that Deno, an npm package with the binary in it, into a folder.
 *
 * @returns The program's path.
 */
export async function installEdgeRuntimeDeno(folder: string): Promise<string> {
  const libc = process.platform === "linux" ? "-glibc" : "";
  const name = `@deno/${process.platform}-${process.arch}${libc}`;
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify({ nodeModulesDir: "auto", imports: { deno: `npm:${name}@${VERSION}` } }),
  );
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install"],
    cwd: folder,
  }).output();
  if (!success) throw new Error(`Can't install "${name}": ${new TextDecoder().decode(stderr)}`);
  const program = process.platform === "win32" ? "deno.exe" : "deno";
  return join(folder, "node_modules", name, program);
}
