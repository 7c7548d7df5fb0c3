import { compareVersions } from "../../functions/_shared/compare_versions.ts";
import { listUnshipped, type Migrations, type Shipped, shipRelease } from "./releases.ts";

/** What a release is made from. */
export interface ReleaseSources {
  /** Such as "0.2.0". */
  version: string;
  /** Such as "2026-01-31". */
  date: string;
  changelog: string;
  /** The text of `deno.json`. */
  config: string;
  migrations: Migrations;
  shipped: Shipped;
  /** Files that are not committed. */
  uncommitted: string[];
}

/** What a release writes. */
export interface ReleaseTexts {
  changelog: string;
  config: string;
  /** Of `functions/_shared/release.ts`. */
  release: string;
  shipped: Shipped;
}

/**
 * Makes the files of a release.
 *
 * @throws {Error} that lists everything that prevents the release, one per line.
 */
export function planRelease(sources: ReleaseSources): ReleaseTexts {
  const { version, date, changelog, config, migrations, shipped } = sources;
  const obstacles = [...findObstacles(sources)];
  if (obstacles.length > 0) {
    throw new Error([`${version} can't be released:`, ...obstacles].join("\n- "));
  }
  return {
    changelog: changelog.replace(heading(version), `## ${version} - ${date}`),
    config: config.replace(/("version": ")[^"]*(")/, `$1${version}$2`),
    release: `/** The release that this code is of: \`version\` of deno.json. */\n` +
      `export const RELEASE = "${version}";\n`,
    shipped: hasNew(migrations, shipped) ? shipRelease(migrations, shipped, version) : shipped,
  };
}

function* findObstacles(sources: ReleaseSources): Generator<string> {
  const { version, changelog, migrations, shipped, uncommitted } = sources;
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    return yield `"${version}" is not a version such as 0.2.0`;
  }
  const dated = /^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$/m.exec(changelog)?.[1];
  if (dated !== undefined && compareVersions(version, dated) <= 0) {
    yield `The CHANGELOG already has the release ${dated}: this one has to come after it`;
  }
  if (!heading(version).test(changelog)) {
    yield `The CHANGELOG has no "## ${version} - unreleased"`;
  } else if (!/^- /m.test(sectionOf(changelog, version))) {
    yield `The CHANGELOG says nothing about ${version}`;
  }
  if (uncommitted.length > 0) yield `These files are not committed: ${uncommitted.join(", ")}`;
  if (!hasNew(migrations, shipped)) return;
  try {
    shipRelease(migrations, shipped, version);
  } catch (error) {
    yield error instanceof Error ? error.message : String(error);
  }
}

/** A release may change only code. */
function hasNew(migrations: Migrations, shipped: Shipped): boolean {
  return listUnshipped(migrations, shipped).length > 0;
}

function heading(version: string): RegExp {
  return new RegExp(`^## ${RegExp.escape(version)} - unreleased$`, "m");
}

function sectionOf(changelog: string, version: string): string {
  const [, section = ""] = changelog.split(heading(version));
  return section.split(/^## /m)[0] ?? "";
}
