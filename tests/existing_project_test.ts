/**
 * With the real Supabase CLI: from `supabase init` to a row read under row level security, and back to
 * the catalog as before.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { deliver } from "../tools/development/events/deliver.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { signedRequest } from "../tools/development/events/signed_request.ts";
import { runSupabase } from "../tools/development/stack/supabase_cli.ts";
import { deploy, type DeployingCli } from "./helpers/deployment.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { createProject, STARTER, type TestProject } from "./helpers/project.ts";
import { temporaryFolder, whileServing } from "./helpers/serve_deployment.ts";
import { installSupabaseCli2 } from "./helpers/supabase_cli_2.ts";

const NAMING = { schema: "clerk", prefix: "" };

/** How a CLI is told of a database. */
type DatabaseFlag = "--remote" | "--db-url";

/** Everything of a database that `db push` could have made, but for what the CLI keeps of it. */
async function readCatalog({ sql }: OwnMirror): Promise<string[]> {
  const rows = await sql`
    with schemas as (
      select oid, nspname, nspacl from pg_namespace
      where nspname !~ '^pg_' and nspname not in ('information_schema', 'supabase_migrations')
    )
    select format('schema %s %s %s', nspname, nspacl, obj_description(schemas.oid)) as line from schemas
    union all
    select format('%s %s.%s %s', relkind, nspname, relname, relacl)
    from pg_class join schemas on schemas.oid = relnamespace
    union all
    select format('column %s.%s.%s %s', nspname, relname, attname, atttypid::regtype)
    from pg_attribute join pg_class on pg_class.oid = attrelid join schemas on schemas.oid = relnamespace
    where attnum > 0
    union all
    select format('function %s.%s(%s) %s %s', nspname, proname, proargtypes, md5(prosrc), proacl)
    from pg_proc join schemas on schemas.oid = pronamespace
    union all
    select format('type %s.%s', nspname, typname) from pg_type join schemas on schemas.oid = typnamespace
    union all
    select format('constraint %s.%s', nspname, conname)
    from pg_constraint join schemas on schemas.oid = connamespace
    union all
    select format('default %s %s', defaclobjtype, defaclacl) from pg_default_acl
    order by line`;
  return rows.map(({ line }) => String(line));
}

async function pushes(
  project: TestProject,
  { run }: DeployingCli,
  flag: DatabaseFlag,
  mirror: OwnMirror,
): Promise<void> {
  const { success, stdout, stderr } = await run([
    "db",
    "push",
    `${flag}=${mirror.databaseUrl}`,
    `--workdir=${project.root}`,
    "--yes",
  ]);
  assert.ok(success, stderr + stdout);
  assert.doesNotMatch(stderr, /--include-all/);
}

/** Supabase's own table of users, which is not the role's that migrations are run by. */
async function addUsers({ stack }: OwnMirror): Promise<void> {
  const sql = postgres(stack.postgres.superuserUrl, { max: 1, onnotice: () => {} });
  await sql.unsafe(`
    create schema if not exists auth;
    create table auth.users (id uuid primary key);
    grant usage on schema auth to postgres;
    grant select, references on auth.users to postgres`);
  await sql.end();
}

/** @param cli With the flag that names a database to it. */
async function entersAndLeaves(
  t: Deno.TestContext,
  cli: DeployingCli,
  flag: DatabaseFlag,
): Promise<void> {
  await using project = await createProject({});
  await using mirror = await openOwnMirror({ naming: NAMING, fill: async () => {} });
  await addUsers(mirror);

  await t.step("supabase init, and the starter's migration", async () => {
    const { success, stderr } = await cli.run(["init", `--workdir=${project.root}`]);
    assert.ok(success, stderr);
    await project.write("supabase/migrations/20250101000000_starter.sql", STARTER);
    await pushes(project, cli, flag, mirror);
  });
  const config = await project.read("supabase/config.toml");
  const catalog = await readCatalog(mirror);
  assert.ok(catalog.some((line) => /public\.profiles/.test(line)));

  await t.step("init names the clash, then goes into a schema", async () => {
    const clash = await project.run("init", "--yes", "--db-url", mirror.databaseUrl);
    assert.equal(clash.code, 1);
    assert.match(clash.output, /public\.profiles/);
    const { code, output } = await project.run("init", "--schema", "clerk", "--yes");
    assert.equal(code, 0, output);
    await pushes(project, cli, flag, mirror);
    await mirror.stack.reconnect();
  });

  await t.step("init again finds nothing to do, and leaves nothing to push", async () => {
    const { code, output } = await project.run("init");
    assert.equal(code, 0, output);
    assert.match(output, /Nothing to do/);
    await pushes(project, cli, flag, mirror);
  });

  await t.step("each function deploys as a single file, without a warning", async () => {
    for (const name of ["clerk-webhook", "clerk-effects", "clerk-refresh", "clerk-reconcile"]) {
      const { metadata, files, messages = "" } = await deploy(name, project.root, cli);
      assert.equal(metadata.verify_jwt, false);
      assert.deepEqual([...files.keys()], [`supabase/functions/${name}/index.js`]);
      assert.doesNotMatch(messages, /warn|deprecat|import map/i);
    }
  });

  await t.step(
    "a signed event to the deployed function becomes a row, read under row level security",
    async () => {
      const deployment = await deploy("clerk-webhook", project.root, cli);
      await whileServing(Deno.execPath(), deployment, mirror, async (url) => {
        const event = sampleEvent("user.created");
        const request = signedRequest(url, mirror.signingSecret, JSON.stringify(event));
        assert.equal((await deliver(request)).outcome, "applied");
        const userId = String(event.data.id);
        const read = (id: string) =>
          mirror.asUser(id).schema(asPublic("clerk")).from("profiles").select();
        const own = await read(userId);
        assert.equal(own.error, null);
        assert.deepEqual(own.data?.map(({ email }) => email), ["ada@example.com"]);
        assert.deepEqual((await read("user_another")).data, []);
      });
    },
  );

  await t.step(
    "uninstall counts the row, and leaves the catalog and the configuration as before",
    async () => {
      const { code, output } = await project.run(
        "uninstall",
        "--yes",
        "--db-url",
        mirror.databaseUrl,
      );
      assert.equal(code, 0, output);
      assert.match(output, /clerk\.profiles 1/);
      await pushes(project, cli, flag, mirror);
      assert.deepEqual(await readCatalog(mirror), catalog);
      assert.equal(await project.read("supabase/config.toml"), config);
      assert.deepEqual(
        Object.keys(await project.snapshot()).filter((path) =>
          /clerk/.test(path) && !path.startsWith(join("supabase", "migrations"))
        ),
        [],
      );
    },
  );

  await t.step("the mirror can be added again", async () => {
    const { code, output } = await project.run("init", "--schema", "clerk", "--yes");
    assert.equal(code, 0, output);
    await pushes(project, cli, flag, mirror);
    const [profiles] = await mirror
      .sql`select to_regclass('clerk.profiles') is not null as is_there`;
    assert.equal(profiles?.is_there, true);
  });
}

/** The generated types know the schema by the name that it has in the repository. */
function asPublic(schema: string): "public" {
  return schema as "public";
}

Deno.test("a project of Supabase CLI 3 gets the mirror, uses it, and is left as it was", async (t) => {
  await entersAndLeaves(t, { run: runSupabase, target: "--remote" }, "--remote");
});

Deno.test("a project of Supabase CLI 2 gets the mirror, uses it, and is left as it was", async (t) => {
  await using folder = await temporaryFolder();
  const run = await installSupabaseCli2(folder.path);
  await entersAndLeaves(t, { run, target: "--project-ref" }, "--db-url");
});
