import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { ROOT } from "../development/stack/supabase_cli.ts";
import { PAGE_FILES, type PageFile } from "./page_files.ts";

/** The page as it is served, and what it was built from. */
export interface BuiltPage {
  /** By path. */
  files: Map<string, PageFile>;
  /** Paths below the repository's root, including those of libraries. */
  inputs: string[];
}

const FOLDER = join(ROOT, "tools", "console", "page");

/** Builds the console's page: one script and one style sheet, with nothing inline. */
export async function buildPage(): Promise<BuiltPage> {
  // Without a helper process that outlives the build.
  const { outputFiles, metafile } = buildSync({
    entryPoints: [join(FOLDER, "app.tsx"), join(FOLDER, "app.css")],
    outdir: FOLDER,
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "error",
  });
  const built = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const files = PAGE_FILES.map(async ({ path, name, type }) => {
    const file = join(FOLDER, name);
    return [path, { type, body: built.get(file) ?? await readFile(file, "utf8") }] as const;
  });
  return { files: new Map(await Promise.all(files)), inputs: Object.keys(metafile.inputs) };
}
