/**
 * The schema itself: advisors, grants, row level security, time limits, and names that a project has
 * already.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import {
  generateTypes,
  pushMigrations,
  runSupabase,
} from "../tools/development/stack/supabase_cli.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";

const PROJECTS = [
  { exposure: "objects in public exposed by default", isExposedByDefault: true },
  { exposure: "nothing exposed by default", isExposedByDefault: false },
];

async function assertNoAdvice(mirror: OwnMirror): Promise<void> {
  const { success, stdout, stderr } = await runSupabase([
    "db",
    "advisors",
    `--remote=${mirror.databaseUrl}`,
    "--level=info",
    "--fail-on=warn",
  ]);
  assert.ok(success, stderr);
  const findings: { name: string; detail: string }[] = JSON.parse(stdout);
  assert.deepEqual(findings.filter(({ name }) => name !== "unused_index"), []);
}

async function privileges(mirror: OwnMirror): Promise<Record<string, string[]>> {
  const rows = await mirror.sql`
    select rolname as role, nspname || '.' || relname as object, privilege
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace, pg_roles,
      unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
    where nspname in ('public', 'clerk_sync') and relkind in ('r', 'v')
      and rolname in ('anon', 'authenticated')
      and has_table_privilege(pg_roles.oid, pg_class.oid, privilege)
    union all
    select rolname, nspname || '.' || proname, 'execute'
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace, pg_roles
    where nspname in ('public', 'clerk_sync') and rolname in ('anon', 'authenticated')
      and has_function_privilege(pg_roles.oid, pg_proc.oid, 'execute')
    order by 1, 2, 3`;
  const granted: Record<string, string[]> = { anon: [], authenticated: [] };
  for (const { role, object, privilege } of rows) granted[role]?.push(`${privilege} ${object}`);
  return granted;
}

for (const { exposure, isExposedByDefault } of PROJECTS) {
  Deno.test(`advisors find nothing and grants are exact in a project with ${exposure}`, async () => {
    await using mirror = await openOwnMirror({ isExposedByDefault });
    await assertNoAdvice(mirror);
    assert.deepEqual(await privileges(mirror), {
      anon: [],
      authenticated: [
        "execute clerk_sync.add_profile_of_caller",
        "execute clerk_sync.has_organization_permission",
        "execute clerk_sync.organization_id",
        "execute clerk_sync.organization_ids",
        "execute clerk_sync.organization_ids",
        "execute clerk_sync.user_id",
        "execute public.ensure_profile",
        "select public.organization_domains",
        "select public.organization_invitation_states",
        "select public.organization_invitations",
        "select public.organization_memberships",
        "select public.organization_permissions",
        "select public.organization_roles",
        "select public.organizations",
        "select public.payment_attempts",
        "select public.profile_identifiers",
        "select public.profiles",
        "select public.session_logs",
        "select public.session_states",
        "select public.subscription_items",
        "select public.subscriptions",
      ],
    });
  });
}

Deno.test("every table has row level security", async () => {
  await using mirror = await openOwnMirror();
  const open = await mirror.sql`
    select relname from pg_class
    where relnamespace in ('public'::regnamespace, 'clerk_sync'::regnamespace)
      and relkind = 'r' and not relrowsecurity`;
  assert.deepEqual([...open], []);
});

Deno.test("every policy hides from users what is left of a deleted row", async () => {
  await using mirror = await openOwnMirror();
  const policies = await mirror.sql`
    select tablename, qual from pg_policies
    where schemaname = 'public' and 'authenticated' = any (roles)`;
  assert.ok(policies.length >= 11);
  for (const { tablename, qual } of policies) {
    assert.match(qual, /AND \(deleted_at IS NULL\)|^\(deleted_at IS NULL\)$/, tablename);
  }
});

/** Debian's Postgres, where its package of plpgsql_check is installed too. */
async function findPostgresWithCheck(): Promise<string | undefined> {
  const versions = await Array.fromAsync(Deno.readDir("/usr/share/postgresql")).catch(() => []);
  for (const { name } of versions) {
    const control = `/usr/share/postgresql/${name}/extension/plpgsql_check.control`;
    const installation = `/usr/lib/postgresql/${name}`;
    const files = [control, `${installation}/bin/initdb`];
    const found = await Promise.all(
      files.map((file) => Deno.stat(file).then(() => true, () => false)),
    );
    if (!found.includes(false)) return installation;
  }
  return undefined;
}

const installation = await findPostgresWithCheck();

Deno.test({
  name: installation
    ? "supabase db lint finds nothing"
    : "supabase db lint finds nothing (skipped: no Postgres with plpgsql_check is installed)",
  ignore: !installation,
  async fn() {
    await using mirror = await openOwnMirror(installation ? { installation } : {});
    // On Supabase, the role that lints may do this itself.
    const superuser = postgres(mirror.stack.postgres.superuserUrl, { max: 1 });
    await superuser`create extension plpgsql_check`;
    await superuser.end();
    const lint = () =>
      runSupabase([
        "db",
        "lint",
        `--remote=${mirror.databaseUrl}`,
        "--level=warning",
        "--fail-on=warning",
      ]);
    const { success, stdout, stderr } = await lint();
    assert.ok(success, stdout + stderr);
    // It looks: a function that is wrong is found.
    await mirror.sql.unsafe(`create function public.wrong() returns void language plpgsql
      set search_path = '' as $$ begin perform no_such_column from public.profiles; end $$`);
    assert.ok(!(await lint()).success);
  },
});

Deno.test("database.types.ts matches the migrations", async () => {
  await using mirror = await openOwnMirror();
  const committed = await Deno.readTextFile(
    new URL("../functions/_shared/database.types.ts", import.meta.url),
  );
  assert.equal(
    await generateTypes(mirror.databaseUrl),
    committed,
    'out of date: run "deno task types"',
  );
});

Deno.test("functions have time limits and empty search paths, foreign keys have indexes", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const functions = await sql`
    select proname as name, nspname = 'public' as is_rpc, provolatile = 'v' as writes, prosecdef,
      proconfig as settings
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname in ('public', 'clerk_sync')`;
  for (const { name, is_rpc, writes, prosecdef, settings } of functions) {
    assert.ok(settings?.includes('search_path=""'), `${name} has an empty search path`);
    assert.ok(!(is_rpc && prosecdef), `${name} runs as its caller`);
    if (!is_rpc) continue;
    assert.ok(settings.includes("statement_timeout=5s"), `${name} runs 5 s`);
    if (writes) assert.ok(settings.includes("lock_timeout=2s"), `${name} waits 2 s for a lock`);
  }

  const withoutIndex = await sql`
    select conname
    from pg_constraint
    where contype = 'f' and connamespace = 'public'::regnamespace
      and not exists (
        select from pg_index where indrelid = conrelid and indkey[0] = conkey[1]
      )`;
  assert.deepEqual([...withoutIndex], []);

  const [ledger] = await sql`
    select collname
    from pg_attribute join pg_collation on pg_collation.oid = attcollation
    where attrelid = 'clerk_sync.webhook_events'::regclass and attname = 'id'`;
  assert.equal(ledger?.collname, "C");
});

Deno.test("supabase migration list shows every migration as applied", async () => {
  await using mirror = await openOwnMirror();
  const files = [...Deno.readDirSync(new URL("../supabase/migrations", import.meta.url))];
  const { success, stdout } = await runSupabase([
    "migration",
    "list",
    `--remote=${mirror.databaseUrl}`,
  ]);
  assert.ok(success);
  for (const { name } of files) {
    const [version = ""] = name.split("_");
    assert.equal(stdout.split(version).length, 3, `${name} is local and remote`);
  }
});

Deno.test("the migrations refuse a project that has clashing names, list those, and change nothing", async () => {
  await using mirror = await openOwnMirror();
  const superuser = postgres(mirror.stack.postgres.superuserUrl, { max: 1, onnotice: () => {} });
  await superuser`create database theirs owner postgres`;
  await superuser.end();
  const databaseUrl = mirror.databaseUrl.replace(/postgres$/, "theirs");
  const theirs = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    // As a starter makes it, with a function and a type of names that are ours.
    await theirs.unsafe(`
      create schema auth;
      create function auth.jwt() returns jsonb language sql stable as $$ select '{}'::jsonb $$;
      create table public.profiles (id uuid primary key, full_name text);
      create function public.delete_profile() returns void language sql as $$ select $$;
      create type public.subscriptions as enum ('free', 'paid');
    `);
    const catalog = async () =>
      (await theirs`
        select relname from pg_class
        where relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          and relnamespace::regnamespace::text not like 'supabase%' and relkind <> 't'
          and relnamespace::regnamespace::text not like 'pg_toast%'
        order by 1`).map(({ relname }) => relname);
    const before = await catalog();
    await assert.rejects(
      pushMigrations(databaseUrl),
      /not installed, and nothing was changed: the project has function public\.delete_profile, relation public\.profiles, relation public\.profiles_pkey, type public\.subscriptions already/,
    );
    assert.deepEqual(await catalog(), before);

    await theirs.unsafe(`
      drop table public.profiles;
      drop function public.delete_profile();
      drop type public.subscriptions;
    `);
    await pushMigrations(databaseUrl);
    assert.ok((await catalog()).includes("profiles"));
  } finally {
    await theirs.end();
  }
});

Deno.test("each claim deletes two expired ledger rows on average, in batches, and no others", async () => {
  await using mirror = await openOwnMirror();
  // What a session has done for claims to come, it remembers.
  const session = postgres(mirror.databaseUrl, { max: 1 });
  try {
    await session`
      insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
      select 'msg_0' || lpad(number::text, 4, '0'), 'user.updated', 'user_1', now(),
        now() - case when number <= 100 then interval '91 days' else interval '89 days' end
      from generate_series(1, 110) as number`;
    const left = new Map<number, number>();
    for (let claim = 1; claim <= 66; claim++) {
      await session`select public.upsert_profiles('[]', ${
        session.json({
          id: `msg_9${String(claim).padStart(3, "0")}`,
          type: "user.updated",
          object_id: "user_1",
          occurred_at: new Date().toISOString(),
        })
      })`;
      const [row] = await session`
        select count(*)::integer as count from clerk_sync.webhook_events where id < 'msg_1'`;
      left.set(claim, row?.count);
    }
    const at = [1, 2, 32, 33, 34, 66].map((claim) => left.get(claim));
    assert.deepEqual(at, [46, 46, 46, 10, 10, 10]);
  } finally {
    await session.end();
  }
});
