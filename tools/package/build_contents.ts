import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFunctions } from "../deploy/bundle_functions.ts";
import type { Contents } from "./contents.ts";
import { readReleases, VERSION } from "./releases.ts";

/** Builds what the package puts into projects from the files of the repository. */
export async function buildContents(): Promise<Contents> {
  const folder = await mkdtemp(join(tmpdir(), "clerk-mirror-contents-"));
  try {
    const functions = await bundleFunctions(folder);
    return {
      version: VERSION,
      releases: await readReleases(),
      functions: await Promise.all(functions.map(async ({ name, path }) => ({
        name,
        code: await readFile(join(folder, path), "utf8"),
      }))),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
