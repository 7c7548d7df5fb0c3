/** The releases of the database, by the migrations that each of them has shipped. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../stack/supabase_cli.ts";
import type { Release } from "./contents.ts";
import shipped from "./releases.json" with { type: "json" };

const MIGRATIONS = join(ROOT, "supabase", "migrations");

/** Version of the repository. */
export const VERSION = config.version;

/** SHA-256 of each migration by its file name, by the release that shipped it first. */
export const shippedReleases: Record<string, Record<string, string>> = shipped;

/**
 * Reads all releases, each a single migration: oldest first. Migrations that no release has shipped yet
 * are the next one, under the repository's version.
 *
 * @throws {Error} if a shipped migration is gone or changed, or new ones come under a shipped version.
 */
export async function readReleases(): Promise<Release[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql")).sort();
  const files = new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(MIGRATIONS, name), "utf8")] as const),
    ),
  );
  const releases = Object.entries(shippedReleases).map(([version, checksums]) => {
    const sql = Object.entries(checksums).map(([name, checksum]) => {
      const text = files.get(name);
      if (text === undefined || sha256(text) !== checksum) {
        throw new Error(`Release ${version} has shipped "${name}": it can't change any more`);
      }
      files.delete(name);
      return text;
    }).join("\n");
    return { version, sql };
  });
  if (files.size === 0) return releases;
  if (VERSION in shippedReleases) {
    throw new Error(
      `Release ${VERSION} has shipped: "${[...files.keys()].join('", "')}" need a version after it`,
    );
  }
  return [...releases, { version: VERSION, sql: [...files.values()].join("\n") }];
}

/** The checksum of a shipped file. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
