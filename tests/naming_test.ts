/** The mirror under other names: where commands find them, and what bears them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { installedNaming } from "../functions/_shared/naming.ts";
import { createSupabase } from "../functions/_shared/supabase.ts";
import { RELEASE } from "../functions/_shared/release.ts";
import { readProjectNaming } from "../tools/development/dev/project_naming.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { generateTypes } from "../tools/development/stack/supabase_cli.ts";
import { finish, task } from "./helpers/command.ts";
import { openOwnMirror } from "./helpers/mirror.ts";
import { NAMES, namingEnv } from "./helpers/naming.ts";

const PREFIX = { schema: "public", prefix: "clerk_" };
const SCHEMA = { schema: "clerk", prefix: "" };
/** Both at once, with names that stand elsewhere in the SQL too. */
const BOTH = { schema: "app", prefix: "auth_" };

Deno.test("a mirror in a schema and under a prefix takes webhooks, foreign keys and policies", async () => {
  await using mirror = await openOwnMirror({ naming: BOTH });
  const event = sampleEvent("organizationMembership.created");
  assert.equal((await mirror.send(event)).outcome, "applied");
  const userId = event.data.public_user_data.user_id;
  const { data } = await mirror.asUser(userId).from("organizations")
    .select("name, organization_memberships(user_id)");
  assert.deepEqual(data, [{
    name: "Analytical Engines",
    organization_memberships: [{ user_id: userId }],
  }]);

  // As users write it: by the names that are there, without any help.
  const names = await mirror.sql`
    select relname from pg_class
    where relnamespace = 'app'::regnamespace and relkind in ('r', 'v') and relname !~ '^auth_'`;
  assert.deepEqual([...names], []);
  await mirror.sql.unsafe(`
    create table public.projects (id bigint primary key, organization_id text not null
      references app.auth_organizations (id) on delete cascade);
    alter table public.projects enable row level security;
    grant select on public.projects to authenticated;
    create policy "Members read their projects" on public.projects for select to authenticated
      using (organization_id = any (array(select clerk_sync.organization_ids())));
  `);
  await mirror.sql`insert into public.projects values (1, ${event.data.organization.id})`;
  const seenBy = async (id: string) =>
    (await mirror.sql.begin(async (sql) => {
      await sql`set local role authenticated`;
      await sql`select set_config('request.jwt.claims', ${JSON.stringify({ sub: id })}, true)`;
      return await sql`select id from public.projects`;
    })).length;
  assert.deepEqual([await seenBy(userId), await seenBy("user_other")], [1, 0]);

  const { data: release } = await createSupabase({
    supabaseUrl: mirror.apiUrl,
    supabaseKey: mirror.keys.secretKey,
    naming: BOTH,
  }).rpc("read_release");
  assert.deepEqual(release, { version: RELEASE, schema: "app", prefix: "auth_" });
});

Deno.test("readProjectNaming() reads the names from the project's lock file, and refuses a broken one", async () => {
  const home = await Deno.makeTempDir({ prefix: "clerk-mirror-lock-" });
  const path = join(home, "supabase", "clerk-mirror.lock.json");
  await Deno.mkdir(join(home, "supabase"));
  try {
    assert.deepEqual(await readProjectNaming(home), installedNaming);
    for (const naming of [PREFIX, SCHEMA, BOTH]) {
      await Deno.writeTextFile(path, JSON.stringify({ version: RELEASE, ...naming }));
      assert.deepEqual(await readProjectNaming(home), naming);
    }
    const wrong = ["", "{", "[]", '{"schema":"clerk"}', '{"schema":"Clerk","prefix":""}'];
    for (const text of wrong) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readProjectNaming(home), /clerk-mirror\.lock\.json" does not say what/);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("every command that finds no mirror under its names says which variables to set", async () => {
  await using mirror = await openOwnMirror({ naming: SCHEMA });
  const env = {
    SUPABASE_URL: mirror.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
    SUPABASE_SECRET_KEY: mirror.keys.secretKey,
    CLERK_SECRET_KEY: "sk_test_of_a_test",
    MIRROR_DEV_FOLDER: "none",
    MIRROR_ENV_FILE: "none",
  };
  const hint =
    /: set CLERK_MIRROR_SCHEMA and CLERK_MIRROR_PREFIX to .* A schema has to be one that/;
  for (const name of ["backfill", "reconcile", "dead-letters", "effects", "instance"]) {
    const { code, output } = await finish(task(name, [], env));
    assert.equal(code, name === "reconcile" ? 2 : 1, output);
    assert.match(output, hint, name);
    assert.ok(!output.includes("    at "), "a sentence, no stack trace");
  }
  const hidden = { ...env, CLERK_MIRROR_SCHEMA: "clerk_sync" };
  const unexposed = await finish(task("instance", [], hidden));
  assert.match(unexposed.output, /Invalid schema: clerk_sync\. /);
  assert.match(unexposed.output, hint);

  const malformed = await finish(task("instance", [], { ...env, CLERK_MIRROR_PREFIX: "Clerk-" }));
  assert.match(malformed.output, /^CLERK_MIRROR_PREFIX: The prefix is not a plain/);
  const right = await finish(task("instance", [], { ...env, ...namingEnv(SCHEMA) }));
  assert.deepEqual(
    [right.code, right.output],
    [0, "The mirror has not heard from any instance yet\n"],
  );
});

Deno.test("the generated types differ in nothing but the names, in a schema and under a prefix", async () => {
  const committed = await Deno.readTextFile(
    new URL("../functions/_shared/database.types.ts", import.meta.url),
  );
  {
    await using mirror = await openOwnMirror({ naming: SCHEMA });
    const types = await generateTypes(mirror.databaseUrl, "clerk");
    assert.equal(types, committed.replace(/\bpublic\b/g, "clerk"));
  }
  await using mirror = await openOwnMirror({ naming: PREFIX });
  const declared = (text: string) => [...text.matchAll(/^ {6}"(\w+)":/gm)].map(([, name]) => name);
  const generated = declared(await generateTypes(mirror.databaseUrl));
  assert.ok(generated.includes("clerk_profiles") && generated.includes("clerk_log_sessions"));
  assert.deepEqual(
    generated,
    declared(committed.replace(new RegExp(`^( {6}")(${NAMES})":`, "gm"), `$1clerk_$2":`)),
  );
});
