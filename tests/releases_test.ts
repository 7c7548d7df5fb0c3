/** Released migrations never change, and new ones belong to a new release. */
import assert from "node:assert/strict";
import {
  type Migrations,
  readReleases,
  shipRelease,
  toReleases,
} from "../tools/packaging/releases.ts";

function migrations(files: Record<string, string>): Migrations {
  return new Map(Object.entries(files));
}

const row = (version: string) =>
  `insert into clerk_sync.releases (version) values ('${version}');\n`;
const first = { "1_a.sql": "select 1;\n", "2_b.sql": row("0.1.0") };
const second = { "3_c.sql": row("0.2.0") };

Deno.test("every migration that has shipped is unchanged, and every release ends with the row of its version", async () => {
  const releases = await readReleases();
  for (const { version, sql } of releases) {
    assert.ok(sql.trimEnd().endsWith(row(version).trimEnd()), `${version} ends with its row`);
  }
});

Deno.test("toReleases() groups shipped migrations by release, and the others under the next version", () => {
  const shipped = shipRelease(migrations(first), {}, "0.1.0");
  assert.deepEqual(toReleases(migrations({ ...first, ...second }), shipped, "0.2.0"), [
    { version: "0.1.0", sql: Object.values(first).join("\n") },
    { version: "0.2.0", sql: Object.values(second).join("\n") },
  ]);
  assert.equal(toReleases(migrations(first), shipped, "0.1.1").length, 1, "code alone may change");
});

Deno.test("toReleases() refuses changed or missing shipped migrations, and new ones of a shipped version", () => {
  const shipped = shipRelease(migrations(first), {}, "0.1.0");
  const changed = { ...first, "1_a.sql": "select 2;\n" };
  assert.throws(
    () => toReleases(migrations(changed), shipped, "0.2.0"),
    /Release 0\.1\.0 has shipped "1_a\.sql": it can't change anymore/,
  );
  assert.throws(
    () => toReleases(migrations({ "2_b.sql": first["2_b.sql"] }), shipped, "0.2.0"),
    /it can't change/,
  );
  assert.throws(
    () => toReleases(migrations({ ...first, ...second }), shipped, "0.1.0"),
    /Release 0\.1\.0 has shipped: "3_c\.sql" need a version after it/,
  );
  assert.throws(
    () => toReleases(migrations({ "1_b.sql": row("0.2.0"), ...first }), shipped, "0.2.0"),
    /"1_b\.sql" has to come after "2_b\.sql", which has shipped/,
  );
});

Deno.test("shipRelease() adds a release once, with all new migrations, and only under its own version", () => {
  const shipped = shipRelease(migrations(first), {}, "0.1.0");
  assert.deepEqual(Object.keys(shipped["0.1.0"] ?? {}), ["1_a.sql", "2_b.sql"]);
  const both = shipRelease(migrations({ ...first, ...second }), shipped, "0.2.0");
  assert.deepEqual(both["0.1.0"], shipped["0.1.0"]);
  assert.deepEqual(Object.keys(both["0.2.0"] ?? {}), ["3_c.sql"]);
  assert.match(both["0.2.0"]?.["3_c.sql"] ?? "", /^[0-9a-f]{64}$/);

  assert.throws(() => shipRelease(migrations(first), shipped, "0.1.0"), /has already shipped/);
  assert.throws(() => shipRelease(migrations(first), shipped, "0.2.0"), /no new migrations/);
  assert.throws(
    () => shipRelease(migrations({ ...first, ...second }), shipped, "0.3.0"),
    /does not end with the row of release 0\.3\.0/,
  );
});
