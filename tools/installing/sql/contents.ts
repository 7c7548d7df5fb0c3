/** What the package adds to a project, before it is rendered for that project's names. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** A release of the mirror's database: one migration, which applies completely or not at all. */
export interface Release {
  /** Such as "0.1.0". */
  version: string;
  /** As in the repository: in the schema `public`, without a prefix. */
  sql: string;
}

/** An Edge Function as a single file of JavaScript. */
export interface PackagedFunction {
  /** Such as "clerk-webhook". */
  name: string;
  /** Containing the repository's names. */
  code: string;
}

/** All of it. */
export interface Contents {
  /** The version of the package, and so of its functions. */
  version: string;
  /** Oldest first: those after the first are upgrades. */
  releases: Release[];
  functions: PackagedFunction[];
}

/** What the package's `contents.json` says: which files there are, and in which order. */
export interface PackedNames {
  version: string;
  releases: string[];
  functions: string[];
}

/** Next to the packed command line; absent in the repository. */
const FOLDER = new URL("./contents/", import.meta.url);

/** Whether this code runs from the package, rather than from the repository. */
export const isPacked = existsSync(FOLDER);

/** Reads what was packed; in the repository, it is built from its files. */
export async function readContents(): Promise<Contents> {
  if (!isPacked) {
    const { buildContents } = await import("../../packaging/build_contents.ts");
    return await buildContents();
  }
  const { version, releases, functions }: PackedNames = JSON.parse(
    await readFile(new URL("contents.json", FOLDER), "utf8"),
  );
  return {
    version,
    releases: await Promise.all(releases.map(async (release) => ({
      version: release,
      sql: await readFile(new URL(`releases/${release}.sql`, FOLDER), "utf8"),
    }))),
    functions: await Promise.all(functions.map(async (name) => ({
      name,
      code: await readFile(new URL(`functions/${name}.js`, FOLDER), "utf8"),
    }))),
  };
}
