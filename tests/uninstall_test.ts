/** `uninstall` of a project's files: all of the mirror goes, and nothing else. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { startStack } from "../tools/development/stack/stack.ts";
import { createProject, type TestProject } from "./helpers/project.ts";

const CONFIG = "supabase/config.toml";
const WEBHOOK = "supabase/functions/clerk-webhook/index.js";

async function installed(files?: Record<string, string>, ...args: string[]): Promise<TestProject> {
  const project = await createProject(files);
  const { code, output } = await project.run("init", "--yes", ...args);
  assert.equal(code, 0, output);
  return project;
}

Deno.test("uninstall with --yes removes everything but the migrations, and init works again afterwards", async () => {
  const config = '# mine\nproject_id = "test"\n\n[functions.mine]\nverify_jwt = true\n';
  const mine = { [CONFIG]: config, "supabase/functions/mine/index.ts": "// mine\n" };
  await using project = await installed(mine, "--schema", "clerk");
  const before = await project.snapshot();
  const refused = await project.run("uninstall");
  assert.equal(refused.code, 1);
  assert.match(refused.output, /removed +supabase\/functions\/clerk-webhook\/index\.js/);
  assert.match(refused.output, /- \[functions\.clerk-webhook\]/);
  assert.match(refused.output, /Add "--yes"/);
  assert.equal((await project.run("uninstall", "--dry-run")).code, 0);
  assert.deepEqual(await project.snapshot(), before);

  const { code, output } = await project.run("uninstall", "-y");
  assert.equal(code, 0, output);
  assert.match(output, /db push/);
  const { migrations, rest } = split(await project.snapshot());
  assert.deepEqual(rest, mine);
  assert.equal(migrations.length, 2);
  assert.match(migrations[1] ?? "", /\d{14}_remove_clerk_mirror\.sql$/);
  assert.match(await project.read(migrations[1] ?? ""), /drop table if exists clerk\.profiles/);

  const again = await project.run("init", "--schema", "clerk", "--yes");
  assert.equal(again.code, 0, again.output);
  assert.equal((await project.run("uninstall", "--yes")).code, 0);
  const twice = split(await project.snapshot());
  assert.deepEqual(twice.rest, mine);
  assert.equal(twice.migrations.length, 4);
  assert.deepEqual(twice.migrations, [...twice.migrations].sort());
});

function split(files: Record<string, string>) {
  const isMigration = (path: string) => path.startsWith("supabase/migrations/");
  return {
    migrations: Object.keys(files).filter(isMigration),
    rest: Object.fromEntries(Object.entries(files).filter(([path]) => !isMigration(path))),
  };
}

Deno.test("uninstall keeps an edited function and its configuration unless --force is given", async () => {
  await using project = await installed();
  await project.write(WEBHOOK, "// mine\n");
  const lock = await project.read("supabase/clerk-mirror.lock.json");
  const { code, output } = await project.run("uninstall", "--yes");
  assert.equal(code, 0, output);
  assert.ok(output.includes(`${WEBHOOK} was edited, and stays as it is`), output);
  assert.equal(await project.read(WEBHOOK), "// mine\n");
  const config = await project.read(CONFIG);
  assert.match(config, /\[functions\.clerk-webhook\]/);
  assert.doesNotMatch(config, /clerk-effects|clerk-refresh|clerk-reconcile/);
  // Somebody who sees it only then.
  await project.write("supabase/clerk-mirror.lock.json", lock);
  assert.equal((await project.run("uninstall", "--yes", "--force")).code, 0);
  assert.doesNotMatch(await project.read(CONFIG), /clerk/);
  const { rest } = split(await project.snapshot());
  assert.deepEqual(Object.keys(rest), [CONFIG]);
});

Deno.test("uninstall leaves a schema exposed that the project had exposed itself", async () => {
  const config = '[api]\nschemas = ["public", "clerk"]\n';
  await using project = await installed({ [CONFIG]: config }, "--schema", "clerk");
  assert.equal((await project.run("uninstall", "--yes")).code, 0);
  assert.equal(await project.read(CONFIG), config);
});

Deno.test("uninstall --db-url counts the rows that go, and refuses while something depends on them", async () => {
  await using project = await installed(undefined, "--prefix", "clerk_");
  const stack = await startStack({ fill: async () => {} });
  const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const [migration = ""] = split(await project.snapshot()).migrations;
    await sql.unsafe(await project.read(migration));
    await sql.unsafe(`
      insert into public.clerk_organizations (id, version)
      select id, row (now(), now(), 'msg_1')::clerk_sync.version from unnest(array['org_1', 'org_2']) as id;
      create table public.projects (id int, organization_id text references public.clerk_organizations);
      create view public.names as select name from public.clerk_organizations;`);
    const before = await project.snapshot();
    const held = await project.run("uninstall", "--yes", "--db-url", stack.databaseUrl);
    assert.equal(held.code, 1);
    assert.match(held.output, /Something of the application's own depends on the mirror/);
    assert.match(held.output, /projects_organization_id_fkey/);
    assert.match(held.output, /names/);
    assert.deepEqual(await project.snapshot(), before);

    const remedies = held.output.split("\n").filter((line) => line.startsWith("  "));
    await sql.unsafe(remedies.join("\n"));
    const { code, output } = await project.run("uninstall", "--yes", "--db-url", stack.databaseUrl);
    assert.equal(code, 0, output);
    assert.match(output, /public\.clerk_organizations 2/);
    const [, removal = ""] = split(await project.snapshot()).migrations;
    await sql.unsafe(await project.read(removal));
    const [left] = await sql`select to_regclass('public.clerk_organizations') as table_name`;
    assert.equal(left?.table_name, null);
  } finally {
    await sql.end();
    await stack.stop();
  }
});
