import { dirname, join } from "node:path";
import { ROOT } from "../development/stack/supabase_cli.ts";

/** A function as a single file. */
export interface BundledFunction {
  name: string;
  /** Below the folder. */
  path: string;
  /** Bytes. */
  size: number;
}

/** A function's entry point according to `supabase/config.toml`. */
const ENTRYPOINT = /^entrypoint = "\.\.\/(functions\/([\w-]+)\/index)\.ts"$/gm;

/**
 * Bundles every function that `supabase/config.toml` names, with Deno's own bundler, into a project folder
 * that contains nothing else. A link to a hosted project is copied along.
 *
 * @throws {Error} with what the bundler says, if it fails.
 */
export async function bundleFunctions(folder: string): Promise<BundledFunction[]> {
  const config = await Deno.readTextFile(join(ROOT, "supabase", "config.toml"));
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(folder, "supabase"), { recursive: true });
  await Deno.writeTextFile(
    join(folder, "supabase", "config.toml"),
    config.replace(ENTRYPOINT, 'entrypoint = "../$1.js"'),
  );
  await copyLink(folder);
  const entrypoints = [...config.matchAll(ENTRYPOINT)].flatMap(([, path, name]) =>
    path === undefined || name === undefined ? [] : [{ path, name }]
  );
  return await Promise.all(entrypoints.map(async ({ path, name }) => {
    const output = join(folder, `${path}.js`);
    await bundle(join(ROOT, `${path}.ts`), output);
    await Deno.writeTextFile(join(dirname(output), "deno.json"), "{}\n");
    return { name, path: `${path}.js`, size: (await Deno.stat(output)).size };
  }));
}

async function bundle(input: string, output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=deno", "--minify", "-o", output, input],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Can't bundle "${input}": ${new TextDecoder().decode(stderr)}`);
}

/** What `supabase link` saved. */
async function copyLink(folder: string): Promise<void> {
  const link = join("supabase", ".temp");
  const files = await Array.fromAsync(Deno.readDir(join(ROOT, link))).catch(() => []);
  for (const { name, isFile } of files) {
    if (!isFile) continue;
    await Deno.mkdir(join(folder, link), { recursive: true });
    await Deno.copyFile(join(ROOT, link, name), join(folder, link, name));
  }
}
