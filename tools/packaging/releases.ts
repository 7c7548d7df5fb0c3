/** The database releases, with the migrations that each of them shipped. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../development/stack/supabase_cli.ts";
import type { Release } from "../installing/sql/contents.ts";
import shipped from "./releases.json" with { type: "json" };

const MIGRATIONS = join(ROOT, "supabase", "migrations");

/** The repository's version. */
export const VERSION = config.version;

/** SHA-256 of each migration by its file name, ordered by the release that first shipped it. */
export type Shipped = Record<string, Record<string, string>>;

/** What has shipped. */
export const shippedReleases: Shipped = shipped;

/** Migrations by their file names, in order. */
export type Migrations = ReadonlyMap<string, string>;

/**
 * Reads all releases, each as a single migration: oldest first. Migrations that no release has shipped yet
 * form the next one, under the repository's version.
 *
 * @throws {Error} if a shipped migration is missing or changed, or new ones come under a shipped version.
 */
export async function readReleases(): Promise<Release[]> {
  return toReleases(await readMigrations(), shippedReleases, VERSION);
}

/** Reads the repository's migrations. */
export async function readMigrations(): Promise<Migrations> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql")).sort();
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(MIGRATIONS, name), "utf8")] as const),
    ),
  );
}

/**
 * Groups the migrations into releases.
 *
 * @param version Of what has not shipped yet.
 * @throws {Error} as {@link readReleases} does.
 */
export function toReleases(migrations: Migrations, shipped: Shipped, version: string): Release[] {
  const releases = Object.entries(shipped).map(([shippedVersion, checksums]) => ({
    version: shippedVersion,
    sql: Object.entries(checksums).map(([name, checksum]) => {
      const text = migrations.get(name);
      if (text === undefined || sha256(text) !== checksum) {
        throw new Error(
          `Release ${shippedVersion} has shipped "${name}": it can't change anymore`,
        );
      }
      return text;
    }).join("\n"),
  }));
  const unshipped = listUnshipped(migrations, shipped);
  if (unshipped.length === 0) return releases;
  if (version in shipped) {
    throw new Error(
      `Release ${version} has shipped: "${unshipped.join('", "')}" need a version after it`,
    );
  }
  const last = Object.values(shipped).flatMap((checksums) => Object.keys(checksums)).sort().at(-1);
  if (last !== undefined && (unshipped[0] ?? "") < last) {
    throw new Error(`"${unshipped[0]}" has to come after "${last}", which has shipped`);
  }
  const sql = unshipped.map((name) => migrations.get(name)).join("\n");
  return [...releases, { version, sql }];
}

/**
 * Adds the migrations that have not shipped yet, as the release that now ships them.
 *
 * @throws {Error} if there are none, or the version has shipped, or isn't the one that the migrations record;
 * or as {@link readReleases} does.
 */
export function shipRelease(migrations: Migrations, shipped: Shipped, version: string): Shipped {
  if (version in shipped) throw new Error(`Release ${version} has already shipped`);
  const unshipped = listUnshipped(migrations, shipped);
  if (unshipped.length === 0) {
    throw new Error(`Release ${version} has no new migrations: there is nothing to record`);
  }
  const release = toReleases(migrations, shipped, version).at(-1);
  if (
    !release?.sql.trimEnd().endsWith(
      `insert into clerk_sync.releases (version) values ('${version}');`,
    )
  ) {
    throw new Error(
      `The last migration does not end with the row of release ${version} in "clerk_sync.releases"`,
    );
  }
  const checksums = unshipped.map((name) => [name, sha256(migrations.get(name) ?? "")]);
  return { ...shipped, [version]: Object.fromEntries(checksums) };
}

/** The names of those that no release has shipped. */
export function listUnshipped(migrations: Migrations, shipped: Shipped): string[] {
  const names = Object.values(shipped).flatMap((checksums) => Object.keys(checksums));
  return [...migrations.keys()].filter((name) => !names.includes(name));
}

/** The checksum of a shipped file. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
