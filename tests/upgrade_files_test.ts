/** `upgrade` of a project's files: later releases arrive as migrations of their own, with their functions. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { RELEASE } from "../functions/_shared/release.ts";
import { type Contents, readContents } from "../tools/installing/sql/contents.ts";
import { changeFiles } from "../tools/installing/project/change_files.ts";
import { checksum, readLock } from "../tools/installing/project/lock_file.ts";
import { isEmpty, type Plan } from "../tools/installing/project/plan.ts";
import { planUpgrade } from "../tools/installing/project/plan_upgrade.ts";
import { openProject } from "../tools/installing/project/supabase_project.ts";
import { createProject, type TestProject } from "./helpers/project.ts";

const LOCK = "supabase/clerk-mirror.lock.json";
const WEBHOOK = "supabase/functions/clerk-webhook/index.js";

/** Two releases after this one, as they could be: one of them with a function more. */
async function laterContents(): Promise<Contents> {
  const { releases, functions } = await readContents();
  return {
    version: "99.0.0",
    releases: [
      ...releases,
      { version: "98.0.0", sql: "alter table public.profiles add column nickname text;\n" },
      { version: "99.0.0", sql: "create table public.badges (id text);\n" },
    ],
    functions: [
      ...functions.map(({ name, code }) => ({ name, code: `${code}// later\n` })),
      { name: "clerk-later", code: functions[0]?.code ?? "" },
    ],
  };
}

async function plan(project: TestProject, contents: Contents, isForced = false): Promise<Plan> {
  const opened = openProject(project.root, "/");
  const lock = readLock(opened.folder);
  assert.ok(lock);
  return await planUpgrade(opened, contents, lock, () => Promise.resolve(isForced), []);
}

Deno.test("upgrade adds a migration for each missing release, in order, and replaces the functions", async () => {
  await using project = await createProject({
    "supabase/config.toml": 'project_id = "test"\n',
    "supabase/migrations/20400101000000_last.sql": "select 1;",
  });
  assert.equal((await project.run("init", "--schema", "clerk", "--yes")).code, 0);
  const before = await project.snapshot();
  const contents = await laterContents();
  const { releases } = await readContents();
  const upgrade = await plan(project, contents);
  await changeFiles(join(project.root, "supabase"), upgrade.changes);

  const after = await project.snapshot();
  const added = Object.keys(after).filter((path) => !(path in before));
  assert.deepEqual(added, [
    "supabase/functions/clerk-later/index.js",
    "supabase/migrations/20400101000002_clerk_mirror_98_0_0.sql",
    "supabase/migrations/20400101000003_clerk_mirror_99_0_0.sql",
  ]);
  assert.match(after[added[1] ?? ""] ?? "", /alter table clerk\.profiles add column nickname/);
  assert.match(after[added[2] ?? ""] ?? "", /create table clerk\.badges/);
  assert.match(after[WEBHOOK] ?? "", /\{"schema":"clerk","prefix":""\}[^]*\/\/ later\n$/);
  assert.match(
    after["supabase/config.toml"] ?? "",
    /\[functions\.clerk-later\]\nverify_jwt = false/,
  );
  const migrations = Object.keys(before).filter((path) => path.includes("/migrations/"));
  for (const path of migrations) assert.equal(after[path], before[path]);
  const lock = readLock(join(project.root, "supabase"));
  assert.equal(lock?.version, "99.0.0");
  assert.deepEqual(lock?.migrations.flatMap(({ releases }) => releases), [
    ...releases.map(({ version }) => version),
    "98.0.0",
    "99.0.0",
  ]);
  assert.ok(isEmpty(await plan(project, contents)), "there is nothing more to do");
});

Deno.test("upgrade keeps and names a function that somebody has edited; --force replaces it", async () => {
  await using project = await createProject();
  assert.equal((await project.run("init", "--yes")).code, 0);
  await project.write(WEBHOOK, "// mine\n");
  const contents = await laterContents();
  const kept = await plan(project, contents);
  assert.deepEqual(kept.kept, ["functions/clerk-webhook/index.js"]);
  assert.ok(!kept.changes.some(({ path }) => path === "functions/clerk-webhook/index.js"));
  const forced = await plan(project, contents, true);
  await changeFiles(join(project.root, "supabase"), forced.changes);
  assert.match(await project.read(WEBHOOK), /\/\/ later\n$/);
});

Deno.test("upgrade brings an earlier package's functions to this one, where init only refers to it", async () => {
  await using project = await createProject();
  assert.equal((await project.run("init", "--yes")).code, 0);
  const installed = await project.snapshot();
  // As an earlier package would have left it, with a function of its own.
  const lock = JSON.parse(installed[LOCK] ?? "");
  const earlier = "// of 0.0.9\n";
  const files = { ...lock.files, "functions/clerk-webhook/index.js": checksum(earlier) };
  await project.write(LOCK, JSON.stringify({ ...lock, version: "0.0.9", files }));
  await project.write(WEBHOOK, earlier);
  const again = await project.run("init", "--yes");
  assert.equal(again.code, 1);
  assert.match(
    again.output,
    /The project has the mirror's release 0\.0\.9\. ".* upgrade" upgrades it to/,
  );
  assert.equal(await project.read(WEBHOOK), earlier, "init leaves it alone");
  const { code, output } = await project.run("upgrade", "--yes");
  assert.equal(code, 0, output);
  assert.ok(output.includes(`from 0.0.9 to ${RELEASE}`), output);
  assert.deepEqual(await project.snapshot(), installed);
});

Deno.test("init, upgrade and uninstall refuse a project of a newer release", async () => {
  await using project = await createProject();
  assert.equal((await project.run("init", "--yes")).code, 0);
  const lock = JSON.parse(await project.read(LOCK));
  const newer = [
    { ...lock, version: "9.0.0" },
    { ...lock, migrations: [{ file: "migrations/1_x.sql", releases: ["0.1.0", "0.9.0"] }] },
  ];
  for (const one of newer) {
    await project.write(LOCK, JSON.stringify(one));
    const before = await project.snapshot();
    for (const command of ["init", "upgrade", "uninstall"]) {
      const { code, output } = await project.run(command, "--yes");
      assert.equal(code, 1, output);
      assert.ok(
        output.includes(`which is newer than this package (${RELEASE}). Use a newer one`),
        output,
      );
    }
    assert.deepEqual(await project.snapshot(), before);
  }
});

Deno.test("upgrade and uninstall refuse a project without the mirror, and name init", async () => {
  await using project = await createProject();
  for (const command of ["upgrade", "uninstall"]) {
    const { code, output } = await project.run(command, "--yes");
    assert.equal(code, 1);
    assert.match(output, /The mirror is not in the project ".*": ".* init" adds it/);
  }
});
