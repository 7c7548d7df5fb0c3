import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFunctions } from "./bundle_functions.ts";
import type { Contents } from "../installing/sql/contents.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";
import { readReleases, VERSION } from "./releases.ts";

/** Builds what the package adds to projects from the files of the repository. */
export async function buildContents(): Promise<Contents> {
  const folder = await mkdtemp(join(tmpdir(), "clerk-mirror-contents-"));
  try {
    const functions = await bundleFunctions(folder);
    return {
      version: VERSION,
      releases: await readReleases(),
      functions: await Promise.all(functions.map(async ({ name, path }) => ({
        name,
        code: `${await describeFunction(name)}\n${await readFile(join(folder, path), "utf8")}`,
      }))),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What someone who opens the file wants to know first. */
async function describeFunction(name: string): Promise<string> {
  const config: { imports: Record<string, string> } = JSON.parse(
    await readFile(join(ROOT, "functions", name, "deno.json"), "utf8"),
  );
  const libraries = Object.values(config.imports).map((library) => library.replace("npm:", ""));
  return `// ${name} of clerk-supabase-mirror ${VERSION}, bundled into one file: "upgrade" replaces it.
// In it: ${libraries.join(", ")}. Their licenses are in the package's THIRD-PARTY-NOTICES.txt.`;
}
