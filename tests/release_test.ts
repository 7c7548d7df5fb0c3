/** `deno task release`: what it changes, and what it refuses. */
import assert from "node:assert/strict";
import { planRelease, type ReleaseSources } from "../tools/packaging/plan_release.ts";
import { shipRelease } from "../tools/packaging/releases.ts";

const row = (version: string) =>
  `insert into clerk_sync.releases (version) values ('${version}');\n`;
const first = new Map([["1_a.sql", row("0.1.0")]]);
const second = new Map([...first, ["2_b.sql", row("0.2.0")]]);
const shipped = shipRelease(first, {}, "0.1.0");

const CHANGELOG = `# Changelog

## 0.2.0 - unreleased

### Added

- A thing

## 0.1.0 - 2026-01-01

- The first one
`;

function sources(change: Partial<ReleaseSources> = {}): ReleaseSources {
  return {
    version: "0.2.0",
    date: "2026-02-03",
    changelog: CHANGELOG,
    config: '{\n  "name": "mirror",\n  "version": "0.2.0-next",\n  "tasks": {}\n}\n',
    migrations: second,
    shipped,
    uncommitted: [],
    ...change,
  };
}

Deno.test("planRelease() sets the version, dates its changelog section, and records what it ships", () => {
  const { changelog, config, release, shipped } = planRelease(sources());
  assert.equal(changelog, CHANGELOG.replace("0.2.0 - unreleased", "0.2.0 - 2026-02-03"));
  assert.equal(JSON.parse(config).version, "0.2.0");
  assert.match(release, /^export const RELEASE = "0\.2\.0";$/m);
  assert.deepEqual(Object.keys(shipped), ["0.1.0", "0.2.0"]);
  assert.deepEqual(Object.keys(shipped["0.2.0"] ?? {}), ["2_b.sql"]);
});

Deno.test("planRelease() ships no migrations with a release of code alone", () => {
  assert.deepEqual(planRelease(sources({ migrations: first })).shipped, shipped);
});

Deno.test("planRelease() refuses what can't be released, with the reasons", () => {
  const refused: [Partial<ReleaseSources>, RegExp][] = [
    [{ version: "next" }, /"next" is not a version/],
    [{ version: "0.1.0" }, /already has the release 0\.1\.0/],
    [{ version: "0.3.0" }, /has no "## 0\.3\.0 - unreleased"/],
    [{ version: "0.3.0" }, /does not end with the row of release 0\.3\.0/],
    [{ changelog: CHANGELOG.replace("- A thing", "") }, /says nothing about 0\.2\.0/],
    [{ uncommitted: ["README.md"] }, /not committed: README\.md/],
    [{ migrations: new Map([...second, ["3_c.sql", "select 1;"]]) }, /does not end with the row/],
    [{ migrations: new Map([...second, ["1_a.sql", "select 1;"]]) }, /it can't change anymore/],
  ];
  for (const [change, reason] of refused) {
    assert.throws(() => planRelease(sources(change)), reason);
  }
});
