/**
 * `init`: the mirror is added to a project's files as a whole or not at all, and leaves what is there
 * alone.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { NAMING_TEXT } from "../functions/_shared/naming.ts";
import { RELEASE } from "../functions/_shared/release.ts";
import { readReleases } from "../tools/packaging/releases.ts";
import { renderFunction } from "../tools/installing/sql/render_function.ts";
import { changeFiles, undoUnfinished } from "../tools/installing/project/change_files.ts";
import { addToConfig, removeFromConfig } from "../tools/installing/project/edit_config.ts";
import { listMadeObjects } from "../tools/installing/project/made_objects.ts";
import { nextVersion } from "../tools/installing/project/next_version.ts";
import { tomlConfig } from "../tools/installing/project/toml_config.ts";
import { startStack } from "../tools/development/stack/stack.ts";
import {
  createProject,
  mirrorCommand,
  runMirror,
  STARTER,
  type TestProject,
} from "./helpers/project.ts";

const CONFIG = "supabase/config.toml";
const LOCK = "supabase/clerk-mirror.lock.json";
const FUNCTIONS = ["clerk-webhook", "clerk-effects", "clerk-refresh", "clerk-reconcile"];

/** Everything that is installed, but the migration, which has a time in its name. */
const INSTALLED = [
  LOCK,
  CONFIG,
  ...FUNCTIONS.map((name) => `supabase/functions/${name}/index.js`),
].sort();

async function migrationsOf(project: TestProject): Promise<string[]> {
  const files = Object.keys(await project.snapshot());
  return files.filter((path) => path.startsWith("supabase/migrations/"));
}

Deno.test("init writes one migration, the functions as single files, their configuration and a lock file", async () => {
  await using project = await createProject();
  const { code, output } = await project.run("init", "--yes");
  assert.equal(code, 0, output);
  const files = await project.snapshot();
  const [migration = ""] = await migrationsOf(project);
  assert.match(migration, /^supabase\/migrations\/\d{14}_clerk_mirror\.sql$/);
  assert.deepEqual(Object.keys(files).sort(), [...INSTALLED, migration].sort());
  assert.match(files[migration] ?? "", /create table public\.profiles/);
  for (const name of FUNCTIONS) {
    assert.ok(files[`supabase/functions/${name}/index.js`]?.includes(NAMING_TEXT));
    assert.match(
      files[CONFIG] ?? "",
      new RegExp(
        `\\[functions\\.${name}\\]\nverify_jwt = false\nentrypoint = "\\./functions/${name}/index\\.js"\n`,
      ),
    );
  }
  for (const path of Object.keys(files)) assert.ok(output.includes(path), `${path} is in the plan`);
  assert.match(output, /db push/);
});

Deno.test("init and upgrade find nothing to do when they are run again", async () => {
  await using project = await createProject();
  assert.equal((await project.run("init", "--schema", "clerk", "-y")).code, 0);
  const before = await project.snapshot();
  for (const args of [["init"], ["init", "--schema", "clerk", "-y"], ["upgrade"]]) {
    const { code, output } = await project.run(...args);
    assert.equal(code, 0, output);
    assert.match(output, /Nothing to do/);
  }
  assert.deepEqual(await project.snapshot(), before);
});

Deno.test("init without a terminal demands --yes, and --dry-run shows the plan; neither changes anything", async () => {
  await using project = await createProject();
  const before = await project.snapshot();
  const refused = await project.run("init");
  assert.equal(refused.code, 1);
  assert.match(refused.output, /Add "--yes": there is no terminal to ask on/);
  const shown = await project.run("init", "--dry-run", "--schema", "clerk");
  assert.equal(shown.code, 0);
  assert.match(shown.output, /new +supabase\/functions\/clerk-webhook\/index\.js +\d+ kB/);
  assert.match(shown.output, /\+ schemas = \["public", "graphql_public", "clerk"\]/);
  const json = await project.run("init", "--dry-run", "--json");
  const plan = JSON.parse(json.stdout);
  assert.equal(plan.status, "planned");
  assert.equal(plan.files.length, INSTALLED.length + 1);
  assert.deepEqual(await project.snapshot(), before);
});

Deno.test("init puts --schema or --prefix into the migration, the functions and the configuration", async () => {
  await using inSchema = await createProject();
  assert.equal((await inSchema.run("init", "--schema", "clerk", "--yes")).code, 0);
  const [migration = ""] = await migrationsOf(inSchema);
  assert.match(await inSchema.read(migration), /create table clerk\.profiles/);
  const code = await inSchema.read("supabase/functions/clerk-webhook/index.js");
  assert.ok(code.includes('{"schema":"clerk","prefix":""}'));
  assert.match(
    await inSchema.read(CONFIG),
    /\[api\]\nschemas = \["public", "graphql_public", "clerk"\]/,
  );
  const other = await inSchema.run("init", "--prefix", "clerk_", "--yes");
  assert.equal(other.code, 1);
  assert.match(other.output, /already in this project, in the schema "clerk"/);

  await using prefixed = await createProject();
  assert.equal((await prefixed.run("init", "--prefix", "clerk_", "--yes")).code, 0);
  const [prefixedMigration = ""] = await migrationsOf(prefixed);
  assert.match(await prefixed.read(prefixedMigration), /create table public\.clerk_profiles/);
  assert.doesNotMatch(await prefixed.read(CONFIG), /schemas/);
  const lock = JSON.parse(await prefixed.read(LOCK));
  assert.deepEqual([lock.schema, lock.prefix, lock.version], ["public", "clerk_", RELEASE]);
});

Deno.test("init shows the remaining steps for the version of the CLI that the project has", async () => {
  const cli = (version: string) => ({
    [CONFIG]: 'project_id = "test"\n',
    "node_modules/supabase/package.json": JSON.stringify({ name: "supabase", version }),
    "supabase/.temp/project-ref": "abcdefghijklmnopqrst",
  });
  await using second = await createProject(cli("2.122.1"));
  const { next } = JSON.parse((await second.run("init", "--dry-run", "--json")).stdout);
  const steps = next.join("\n");
  assert.match(steps, /npx supabase db push$/m);
  assert.match(steps, /https:\/\/abcdefghijklmnopqrst\.supabase\.co\/functions\/v1\/clerk-webhook/);
  assert.doesNotMatch(steps, /--remote|supabase link/);
  await using third = await createProject(cli("3.1.0"));
  const shown = await third.run("init", "--yes");
  assert.match(shown.output, /npx supabase db push --remote$/m);
  assert.match(shown.output, /npx supabase functions deploy clerk-webhook .* --use-api/);
});

Deno.test("init finds the project from a folder inside it, and names those of a monorepo", async () => {
  await using monorepo = await createProject({
    "packages/db/supabase/config.toml": 'project_id = "db"\n',
    "packages/other/supabase/config.toml": 'project_id = "other"\n',
    "packages/db/src/index.ts": "",
  });
  const lost = await monorepo.run("init", "--yes");
  assert.equal(lost.code, 1);
  assert.match(
    lost.output,
    /There is one in "packages\/db", "packages\/other": .*--workdir packages\/db/,
  );
  const below = await runMirror(["init", "--yes"], { cwd: join(monorepo.root, "packages/db/src") });
  assert.equal(below.code, 0, below.output);
  const named = await monorepo.run(
    "init",
    "--yes",
    "--workdir",
    "packages/other",
    "--schema",
    "clerk",
  );
  assert.equal(named.code, 0, named.output);
  const files = Object.keys(await monorepo.snapshot());
  for (const name of ["db", "other"]) {
    assert.ok(files.includes(`packages/${name}/supabase/clerk-mirror.lock.json`));
  }
  const fromElsewhere = await runMirror(["init"], {
    cwd: "/",
    env: { SUPABASE_WORKDIR: join(monorepo.root, "packages/other") },
  });
  assert.match(fromElsewhere.output, /Nothing to do/);
});

Deno.test("init dates its migration in UTC", async () => {
  await using project = await createProject({
    [CONFIG]: 'project_id = "test"\n',
    "supabase/migrations/0001_first.sql": "select 1;",
    "supabase/migrations/20250101_day.sql": "select 1;",
    "supabase/migrations/99_not.txt": "",
    "supabase/migrations/notes.sql": "create table public.profiles ();",
  });
  const earliest = new Date(Date.now() - 1000);
  const { code, output } = await runMirror(["init", "--yes"], {
    cwd: project.root,
    env: { TZ: "Pacific/Kiritimati" },
  });
  assert.equal(code, 0, output);
  const version = (await migrationsOf(project)).map((path) => /\/(\d{14})_clerk/.exec(path)?.[1])
    .find((version) => version !== undefined) ?? "";
  const at = Date.parse(
    version.replace(/(....)(..)(..)(..)(..)(..)/, "$1-$2-$3T$4:$5:$6Z"),
  );
  assert.ok(at >= Math.floor(earliest.getTime() / 1000) * 1000 && at <= Date.now(), version);
});

Deno.test("nextVersion() sorts after every version, as text and as a file name", () => {
  const now = new Date("2026-03-01T10:20:30.5Z");
  const cases: [string[], string][] = [
    [[], "20260301102030"],
    [["0001", "20260228000000"], "20260301102030"],
    [["20260301102030"], "20260301102031"],
    [["20991231235959"], "21000101000000"],
    [["20261399999999"], "20261400000000"],
    [["20260301"], "20260302000000"],
    [["20260301102030123"], "20260301102031"],
    [["8"], "90000000000000"],
    [["20300101000000", "2026"], "20300101000001"],
  ];
  for (const [versions, expected] of cases) {
    const version = nextVersion(versions, now);
    assert.equal(version, expected, versions.join());
    const names = [...versions.map((other) => `${other}_x.sql`), `${version}_clerk_mirror.sql`];
    assert.equal(names.sort().at(-1), `${version}_clerk_mirror.sql`);
  }
  assert.throws(() => nextVersion(["9"], now), /Rename it to a time/);
  assert.throws(() => nextVersion(["99999999999999"], now), /Rename it to a time/);
});

const CONFIGS: Record<string, string> = {
  "an empty one": "",
  "a minimal one": 'project_id = "x"\n',
  "one without a final line end": '# only this\nproject_id = "x"',
  "one with Windows's line ends":
    '# c\r\nproject_id = "x"\r\n\r\n[api]\r\nschemas = ["public"] # s\r\n',
  "one without schemas": "[api]\nport = 54321 # p\n\n# about the database\n[db]\nport = 1\n",
  "schemas over several lines":
    "[api]\nschemas = [\n  'public', # mine\n  'graphql_public' # g\n]\n\n[functions.mine]\nverify_jwt = true\n",
  "dotted keys, dates and large numbers":
    'api.schemas = ["public"]\nat = 2026-01-01T00:00:00Z\nlarge = 9007199254740993\n',
  "functions as an inline table": "functions = { mine = { verify_jwt = true } } # mine\n",
};

for (const [example, config] of Object.entries(CONFIGS)) {
  Deno.test(`config.toml keeps its comments when the mirror is added, and is restored exactly after: ${example}`, () => {
    const parts = { functions: FUNCTIONS, schema: "clerk" };
    const { text, hunks } = addToConfig(tomlConfig, config, parts);
    for (const line of config.split(/\r?\n/)) {
      const [, comment = ""] = /(#.*)$/.exec(line) ?? [];
      assert.ok(text.includes(comment), comment);
    }
    assert.equal(text.includes("\r\n"), config.includes("\r\n"));
    if (config.includes("\r\n")) assert.doesNotMatch(text, /[^\r]\n/);
    if (config !== "") assert.equal(text.endsWith("\n"), config.endsWith("\n"));
    assert.deepEqual(addToConfig(tomlConfig, text, parts), { text, hunks: [] });
    assert.equal(removeFromConfig(tomlConfig, text, parts, hunks).text, config);
  });
}

Deno.test("the mirror is removed even from a config.toml that somebody has edited since", () => {
  const config = '[api]\nschemas = ["public"]\n\n# Theirs\n[functions.mine]\nverify_jwt = true\n';
  const parts = { functions: FUNCTIONS, schema: "clerk" };
  const { text, hunks } = addToConfig(tomlConfig, config, parts);
  const changed = text.replace('"clerk"]', '"clerk", "more"]').replace(
    "verify_jwt = false\n",
    "verify_jwt = false\nenabled = true\n",
  ) + "\n# Also theirs\n[auth]\nenabled = true\n";
  assert.equal(
    removeFromConfig(tomlConfig, changed, parts, hunks).text,
    config.replace('"public"]', '"public", "more"]') + "\n# Also theirs\n[auth]\nenabled = true\n",
  );
});

Deno.test("init and uninstall keep the comments and the indentation of a config.json", async () => {
  const config = `{
\t// The project
\t"project_id": "x",
\t"api": {
\t\t"schemas": ["public"]
\t},
\t"functions": {
\t\t"mine": { "verify_jwt": true }
\t}
}
`;
  await using project = await createProject({
    "supabase/config.json": config,
    [CONFIG]: 'project_id = "ignored"\n',
  });
  const { code, output } = await project.run("init", "--schema", "clerk", "--yes");
  assert.equal(code, 0, output);
  assert.match(output, /supabase\/config\.toml was not changed/);
  const installed = await project.read("supabase/config.json");
  assert.match(installed, /\/\/ The project/);
  assert.match(installed, /\n\t\t"clerk-webhook": \{\n\t\t\t"verify_jwt": false,/);
  assert.equal(await project.read(CONFIG), 'project_id = "ignored"\n');
  assert.equal((await project.run("uninstall", "--yes")).code, 0);
  assert.equal(await project.read("supabase/config.json"), config);
});

Deno.test("init names every clash in the project's files, and suggests a prefix or a schema", async () => {
  await using project = await createProject({
    [CONFIG]: 'project_id = "test"\n',
    "supabase/migrations/20250101000000_starter.sql": STARTER,
    "supabase/migrations/20250102000000_more.sql": `
      -- create table public.waitlist_entries (id text);
      create table if not exists "public"."session_logs" (id text); create table public.subscriptions ();
      drop table public.subscriptions;
      create or replace function public.read_effects() returns int language sql as $$ select 1; $$;`,
    "supabase/schemas/views.sql": "CREATE VIEW organizations AS SELECT 1;",
  });
  const before = await project.snapshot();
  const { code, output } = await project.run("init", "--yes");
  assert.equal(code, 1);
  assert.match(
    output,
    /table public\.profiles \(supabase\/migrations\/20250101000000_starter\.sql\)/,
  );
  assert.match(output, /table public\.session_logs/);
  assert.match(output, /function public\.read_effects/);
  assert.match(output, /view public\.organizations \(supabase\/schemas\/views\.sql\)/);
  assert.doesNotMatch(output, /waitlist_entries|subscriptions/);
  assert.match(output, /init --prefix clerk_[^]*init --schema clerk/);
  assert.deepEqual(await project.snapshot(), before);
  assert.equal((await project.run("init", "--prefix", "clerk_", "--yes")).code, 0);
});

Deno.test("init suggests other names where the first ones are taken as well", async () => {
  await using project = await createProject({
    [CONFIG]: 'project_id = "test"\n',
    "supabase/migrations/1_a.sql":
      `${STARTER} create table public.clerk_profiles (); create schema clerk; create table clerk.profiles ();`,
  });
  const { output } = await project.run("init", "--yes");
  assert.match(output, /init --prefix mirror_[^]*init --schema clerk_mirror/);
});

Deno.test("init treats functions that have the mirror's names as a clash, and changes nothing", async () => {
  await using project = await createProject({
    [CONFIG]: "[functions.clerk-webhook]\nverify_jwt = true\n",
    "supabase/functions/clerk-refresh/index.ts": "",
  });
  const before = await project.snapshot();
  const { code, output } = await project.run("init", "--yes");
  assert.equal(code, 1);
  assert.match(output, /"supabase\/functions\/clerk-refresh", \[functions\.clerk-webhook\] in/);
  assert.deepEqual(await project.snapshot(), before);
});

Deno.test("init --db-url finds clashes, a half-installed mirror and later migrations in the database", async (t) => {
  const stack = await startStack({ fill: async () => {} });
  const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const look = (project: TestProject, ...args: string[]) =>
      project.run("init", "--db-url", stack.databaseUrl, "--yes", ...args);

    await t.step("a clash that no file shows is found", async () => {
      await using project = await createProject();
      await sql.unsafe(
        "create table public.profiles (id text); create type public.clerk_profiles as (a int)",
      );
      const { code, output } = await look(project);
      assert.equal(code, 1);
      assert.match(output, /The project has table public\.profiles already/);
      assert.match(output, /--prefix mirror_[^]*--schema clerk/);
      await sql.unsafe("drop table public.profiles; drop type public.clerk_profiles");
    });

    await t.step(
      "a half-installed mirror is recognized, with the statements that remove it",
      async () => {
        await using project = await createProject();
        const [release] = await readReleases();
        const half = release?.sql.split("create table public.organizations")[0] ?? "";
        await sql.unsafe(half);
        const { code, output } = await look(project);
        assert.equal(code, 1);
        assert.match(output, /a part of the mirror: an installation stopped halfway/);
        assert.match(output, /drop table public\.profiles/);
        const remedy = output.split("\n").filter((line) => line.startsWith("  drop ")).join("\n");
        await sql.unsafe(remedy);
        const again = await look(project);
        assert.equal(again.code, 0, again.output);
      },
    );

    await t.step("the migration comes after a later one that only the database has", async () => {
      await using project = await createProject();
      await sql.unsafe(`
        create schema if not exists supabase_migrations;
        create table supabase_migrations.schema_migrations (version text primary key);
        insert into supabase_migrations.schema_migrations values ('20980101000000')`);
      assert.equal((await look(project)).code, 0);
      assert.match((await migrationsOf(project)).join(), /20980101000001_clerk_mirror\.sql/);
    });
  } finally {
    await sql.end();
    await stack.stop();
  }
});

Deno.test("init keeps an edited function unless --force is given, and restores a missing one", async () => {
  await using project = await createProject();
  assert.equal((await project.run("init", "--yes")).code, 0);
  const [, path = "", gone = ""] = INSTALLED.filter((file) => file.endsWith("index.js"));
  const original = await project.read(path);
  await project.write(path, `${original}// mine\n`);
  await Deno.remove(join(project.root, gone));
  const { code, output } = await project.run("init", "--yes");
  assert.equal(code, 0, output);
  assert.ok(output.includes(`${path} was edited, and stays as it is`), output);
  assert.match(output, /new +supabase\/functions/);
  assert.match(await project.read(path), /\/\/ mine/);
  assert.ok((await project.read(gone)).length > 0);
  assert.equal((await project.run("init", "--yes", "--force")).code, 0);
  assert.equal(await project.read(path), original);
  // Version control may give it other line ends: that is no edit.
  await project.write(path, original.replaceAll("\n", "\r\n"));
  assert.match((await project.run("init")).output, /Nothing to do/);
});

Deno.test("init, upgrade and uninstall ask to restore a lock file that is missing or damaged", async () => {
  await using project = await createProject();
  assert.equal((await project.run("init", "--yes")).code, 0);
  const lock = await project.read(LOCK);
  await project.write(LOCK, "{}");
  assert.match((await project.run("init", "--yes")).output, /is damaged. Restore it/);
  await Deno.remove(join(project.root, LOCK));
  const again = await project.run("init", "--yes");
  assert.equal(again.code, 1);
  assert.match(again.output, /The mirror is already in this project: .*restore/s);
  for (const command of ["upgrade", "uninstall"]) {
    assert.match((await project.run(command, "--yes")).output, /restore it from version control/);
  }
  await project.write(LOCK, lock);
  assert.match((await project.run("init")).output, /Nothing to do/);
});

Deno.test("init writes nothing if something is in the way of one file", async () => {
  await using project = await createProject({
    [CONFIG]: 'project_id = "test"\n',
    "supabase/functions": "no folder",
  });
  const before = await project.snapshot();
  const { code, output } = await project.run("init", "--yes");
  assert.equal(code, 1);
  assert.match(output, /Nothing was changed/);
  assert.doesNotMatch(output, /^\s+at /m);
  assert.deepEqual(await project.snapshot(), before);
});

Deno.test("changeFiles() puts everything back if one file can't be moved into its place", async () => {
  await using project = await createProject({
    "supabase/a.txt": "a",
    "supabase/b.txt": "b",
    "supabase/full/inner.txt": "inner",
  });
  const before = await project.snapshot();
  await assert.rejects(
    changeFiles(join(project.root, "supabase"), [
      { path: "a.txt", before: "a", after: "new" },
      { path: "b.txt", before: "b", after: undefined },
      { path: "deep/er/c.txt", before: undefined, after: "c" },
      // Its place is taken by a folder with something in it.
      { path: "deep", before: undefined, after: "no file goes here" },
    ]),
    /Nothing was changed/,
  );
  assert.deepEqual(await project.snapshot(), before);
  await assert.rejects(
    changeFiles(join(project.root, "supabase"), [{ path: "a.txt", before: "other", after: "new" }]),
    /"supabase\/a.txt" was changed in the meantime. Nothing was changed/,
  );
});

/** Kills `init` at its nth change below `supabase/`, unless it has ended by then. */
async function initUntilChange({ root }: TestProject, folder: string, nth: number): Promise<void> {
  const watcher = Deno.watchFs(folder);
  const child = mirrorCommand(["init", "--yes"], { cwd: root }).spawn();
  const ended = child.output().finally(() => watcher.close());
  let changes = 0;
  for await (const _change of watcher) {
    if (++changes !== nth) continue;
    try {
      child.kill("SIGKILL");
    } catch {
      // It was faster.
    }
  }
  await ended;
}

Deno.test("init that is killed while it writes, early or late, has done everything or nothing", async (t) => {
  for (const nth of [1, 4, 12]) {
    await t.step(`at change number ${nth}`, async () => {
      await using project = await createProject();
      const before = await project.snapshot();
      const folder = join(project.root, "supabase");
      await initUntilChange(project, folder, nth);
      undoUnfinished(folder);
      const after = await project.snapshot();
      if (Object.keys(after).length === Object.keys(before).length) assert.deepEqual(after, before);
      else {
        assert.deepEqual(
          Object.keys(after).filter((path) => !path.includes("/migrations/")).sort(),
          INSTALLED,
        );
      }
      const { code, output } = await project.run("init", "--yes");
      assert.equal(code, 0, output);
    });
  }
});

Deno.test("the next command undoes what a killed one has left half done", async () => {
  await using project = await createProject();
  const before = await project.snapshot();
  const folder = join(project.root, "supabase");
  // As it would be after two of three files: one replaced, one new, one still to come.
  await project.write("supabase/.clerk-mirror-unfinished/0.old", before[CONFIG] ?? "");
  await project.write(CONFIG, "half done");
  await project.write("supabase/functions/clerk-webhook/index.js", "half done");
  await project.write("supabase/.clerk-mirror-unfinished/2.new", "to come");
  const isThere = { isThere: false, stays: true };
  await project.write(
    "supabase/.clerk-mirror-unfinished/journal.json",
    JSON.stringify({
      process: 2 ** 30,
      targets: [
        { file: join(folder, "config.toml"), isThere: true, stays: true },
        { file: join(folder, "functions/clerk-webhook/index.js"), ...isThere },
        { file: join(folder, "clerk-mirror.lock.json"), ...isThere },
      ],
      folders: [join(folder, "functions"), join(folder, "functions/clerk-webhook")],
    }),
  );
  const { code, output } = await project.run("init", "--dry-run");
  assert.equal(code, 0, output);
  assert.match(output, /An earlier run was interrupted/);
  assert.deepEqual(await project.snapshot(), before);
});

Deno.test("init refuses a broken config.toml, and changes nothing", async () => {
  await using project = await createProject({ [CONFIG]: "[api\n" });
  const before = await project.snapshot();
  const { code, output } = await project.run("init", "--yes");
  assert.equal(code, 1);
  assert.match(output, /"supabase\/config\.toml" can't be read/);
  assert.deepEqual(await project.snapshot(), before);
});

Deno.test("init refuses invalid options and folders without a project with a plain message", async () => {
  await using project = await createProject();
  const mistakes: [string[], RegExp][] = [
    [["--schema", "Clerk"], /can't be the mirror's schema/],
    [["--schema", "auth"], /can't be the mirror's schema/],
    [["--prefix", "1_"], /can't be the mirror's prefix/],
    [["--prefix", "a_very_long_prefix_"], /too long/],
    [["--workdir", "nowhere"], /no Supabase project in ".*nowhere".*"supabase init" creates one/],
    [["--db-url", "mysql://x"], /not a connection string/],
    [["--db-url", "postgresql://postgres:x@127.0.0.1:1/postgres"], /can't be reached/],
    [["--prefxi", "x"], /Did you mean --prefix\?/],
  ];
  for (const [args, complaint] of mistakes) {
    const { code, output } = await project.run("init", ...args, "--yes");
    assert.equal(code, 1, output);
    assert.match(output, complaint);
    assert.doesNotMatch(output, /^\s+at /m);
  }
  await using empty = await createProject({});
  assert.match((await empty.run("init", "--yes")).output, /Run "supabase init" first/);
});

Deno.test("renderFunction() throws unless the names are in the code exactly once", () => {
  const naming = { schema: "clerk", prefix: "" };
  assert.match(
    renderFunction(`f('${NAMING_TEXT}')`, naming),
    /f\('\{"schema":"clerk","prefix":""\}'\)/,
  );
  assert.throws(() => renderFunction("f()", naming), /0 times instead of once/);
  assert.throws(() => renderFunction(NAMING_TEXT + NAMING_TEXT, naming), /2 times instead of once/);
});

Deno.test("listMadeObjects() lists what SQL creates, less what it later drops, renames and moves", () => {
  const sql = `
    /* create table a (); /* nested */ create table b (); */ -- create table c ();
    create table if not exists public . "Odd ""Name""" (a text default 'create table d ();');
    CREATE UNLOGGED TABLE Folded (id int); create temporary table passing (id int);
    create index folded_index on only folded (id); create index on folded (id);
    create function f() returns text language plpgsql as $x$ begin create table e (); end $x$;
    create function g(a text default E'it\\'s;') returns int language sql return 1;
    do $$ begin
      if not exists (select) then create type mood as enum ('a'); end if;
    end $$;
    alter table folded rename to renamed; alter table renamed set schema other;
    alter table other.renamed rename column a to b;
    create schema gone; create table gone.t (); drop schema gone cascade;
    drop function if exists g(text), h(int);
    do $$ begin drop type if exists mood; end $$;`;
  const made = listMadeObjects([{ file: "f.sql", sql }]);
  assert.deepEqual(made.map(({ kind, schema, name }) => `${kind} ${schema}.${name}`).sort(), [
    "function public.f",
    "index public.folded_index",
    "table other.renamed",
    'table public.Odd "Name"',
  ]);
});
