/** Uninstalling by SQL: the catalog is as it was before, and nothing of the application's is dropped. */
import assert from "node:assert/strict";
import postgres from "postgres";
import type { Naming } from "../functions/_shared/naming.ts";
import { countRowsQuery } from "../tools/installing/sql/count_rows.ts";
import { type Holder, holdersQuery } from "../tools/installing/sql/find_holders.ts";
import { readReleases } from "../tools/packaging/releases.ts";
import { renderMigration } from "../tools/installing/sql/render_migration.ts";
import { renderUninstall } from "../tools/installing/sql/render_uninstall.ts";
import { addApplicationColumns, addApplicationKeys } from "./helpers/application.ts";
import { compareCatalogs, readCatalog } from "./helpers/catalog.ts";
import { describeNaming, NAMINGS } from "./helpers/namings.ts";
import { type Project, startProjects } from "./helpers/projects.ts";

const releases = await readReleases();
const sources = releases.map(({ sql }) => sql).join("\n");
const SAME = { gone: [], new: [] };
const PUBLIC: Naming = { schema: "public", prefix: "" };

async function install({ sql }: Project, naming: Naming): Promise<void> {
  await sql.unsafe(renderMigration(sources, naming));
}

async function uninstall({ sql }: Project, naming: Naming): Promise<void> {
  await sql.unsafe(renderUninstall(releases, naming));
}

async function findHolders({ sql }: Project, naming: Naming): Promise<Holder[]> {
  return [...await sql.unsafe<Holder[]>(holdersQuery(releases, naming))];
}

Deno.test("an uninstall leaves the catalog as it was before the installation, under every naming", async () => {
  await using projects = await startProjects();
  const project = await projects.open();
  const before = await readCatalog(project.databaseUrl);
  for (const naming of NAMINGS) {
    await install(project, naming);
    assert.deepEqual(await findHolders(project, naming), []);
    await uninstall(project, naming);
    const after = await readCatalog(project.databaseUrl);
    assert.deepEqual(compareCatalogs(before, after), SAME, describeNaming(naming));
    assert.equal(after.length, before.length);

    await uninstall(project, naming);
    assert.deepEqual(compareCatalogs(before, await readCatalog(project.databaseUrl)), SAME);
  }
});

Deno.test("an uninstall never uses cascade", () => {
  for (const naming of NAMINGS) {
    assert.doesNotMatch(renderUninstall(releases, naming), /\bcascade\b(?!\.)/i);
  }
});

Deno.test("an uninstall keeps a schema that was there before, with its grants and its comment", async () => {
  await using projects = await startProjects();
  const naming = { schema: "clerk", prefix: "" };
  for (
    const own of [
      "create schema clerk",
      "create schema clerk; comment on schema clerk is 'Ours'; grant usage on schema clerk to authenticated",
      "create schema clerk; create table clerk.todos (id bigint generated always as identity)",
    ]
  ) {
    const project = await projects.open();
    await project.sql.unsafe(own);
    const before = await readCatalog(project.databaseUrl);
    await install(project, naming);
    const [allowed] = await project.sql`
      select bool_and(has_schema_privilege(role, 'clerk', 'usage')) as may
      from unnest(array['anon', 'authenticated', 'service_role']) as role`;
    assert.equal(allowed?.may, true);
    await uninstall(project, naming);
    assert.deepEqual(compareCatalogs(before, await readCatalog(project.databaseUrl)), SAME, own);
  }
});

Deno.test("an uninstall keeps a schema that the mirror made but the application uses", async () => {
  await using projects = await startProjects();
  const project = await projects.open();
  const naming = { schema: "clerk", prefix: "" };
  await install(project, naming);
  await project.sql`create table clerk.todos (id bigint)`;
  await uninstall(project, naming);
  const [row] = await project.sql`
    select array_agg(relname::text) as names, obj_description('clerk'::regnamespace) as comment,
      has_schema_privilege('authenticated', 'clerk', 'usage') as may
    from pg_class where relnamespace = 'clerk'::regnamespace`;
  assert.deepEqual({ ...row }, { names: ["todos"], comment: null, may: true });
});

/** What an application may build on the mirror, beside columns, keys and triggers of each table. */
function applicationOf({ schema, prefix }: Naming): string {
  const own = `${schema}.${prefix}`;
  return `
    create schema app;
    create table app.todos (
      id bigint generated always as identity primary key,
      user_id text default clerk_sync.user_id() references ${own}profiles (id),
      organization_id text,
      last_version clerk_sync.version,
      is_mine boolean,
      check (user_id <> coalesce(clerk_sync.organization_id(), ''))
    );
    create index todos_owner_idx on app.todos ((${own}count_of(organization_id)));
    alter table app.todos enable row level security;
    create policy "Members can read their ""todos""" on app.todos for select to authenticated
    using (organization_id = any (array(select clerk_sync.organization_ids())));
    create trigger todos_user before insert on app.todos
    for each row execute function clerk_sync.ensure_profile_of_row();

    alter table ${own}profiles add column nickname text default 'n';
    alter table ${own}profiles add column number serial;
    alter table ${own}profiles add column doubled text generated always as (id || id) stored;
    alter table ${own}profiles add constraint profiles_nickname_key unique (nickname);
    alter table ${own}profiles add constraint profiles_email_check check (email <> '');
    create index profiles_email_idx on ${own}profiles (lower(email));
    create table app.nicknames (nickname text references ${own}profiles (nickname));
    create policy "Anybody can read" on ${own}profiles for select to anon using (nickname is not null);
    create rule no_delete as on delete to ${own}organizations do also nothing;
    create statistics app.profiles_names on first_name, last_name from ${own}profiles;
    create table app.archived_profiles (archived_at timestamptz) inherits (${own}profiles);

    create view app.people as select id, nickname from ${own}profiles;
    create view app.persons as select id from app.people;
    create materialized view app.counts as select count(*) from ${own}session_states;
    create function app.name_of(person ${own}profiles) returns text
    language sql as $$ select person.first_name $$;
    create function app.id_of(person app.persons) returns text
    language sql as $$ select person.id $$;
    create function app.read_mine() returns setof ${own}organizations
    language sql begin atomic select * from ${own}organizations; end;
    create type app.pair as (old_version clerk_sync.version, new_version clerk_sync.version);
    create domain app.checked as text check (value <> coalesce(clerk_sync.user_id(), ''));

    create table clerk_sync.notes (id bigserial primary key, note text);
    create view clerk_sync.recent as select id from ${own}session_logs;
    create function clerk_sync.note() returns void language sql as 'select';
    create type clerk_sync.mood as enum ('good');

    create publication app_changes for table ${own}profiles;`;
}

/** A function of the application's that an index can use, and that the mirror's schema may hold. */
function functionBeside({ schema, prefix }: Naming): string {
  return `create schema if not exists ${schema};
    create function ${schema}.${prefix}count_of(text) returns integer language sql immutable as 'select 1';`;
}

function expectedHolders({ schema, prefix }: Naming): string[] {
  const own = `${schema}.${prefix}`;
  return [
    "domain constraint checked_check on app.checked",
    `function app.id_of(app.persons)`,
    `function app.name_of(${own}profiles)`,
    "function app.read_mine()",
    "function clerk_sync.note()",
    `index ${schema}.profiles_email_idx`,
    "materialized view app.counts",
    'policy "Members can read their ""todos""" on app.todos',
    `policy "Anybody can read" on ${own}profiles`,
    `rule no_delete on ${own}organizations`,
    "statistics object app.profiles_names",
    "default value for app.archived_profiles.number",
    "default value for app.todos.user_id",
    `table column ${own}profiles.doubled`,
    `table column ${own}profiles.nickname`,
    `table column ${own}profiles.number`,
    "table column app.archived_profiles.version",
    "table column app.todos.last_version",
    `table constraint profiles_email_check on ${own}profiles`,
    `table constraint profiles_nickname_key on ${own}profiles`,
    "table constraint nicknames_nickname_fkey on app.nicknames",
    "table constraint todos_user_id_check on app.todos",
    "table constraint todos_user_id_fkey on app.todos",
    "table app.archived_profiles",
    "table clerk_sync.notes",
    "trigger todos_user on app.todos",
    "type app.pair",
    "type clerk_sync.mood",
    "view app.people",
    "view app.persons",
    "view clerk_sync.recent",
  ].sort();
}

Deno.test("an uninstall names all that depends on the mirror, changes nothing, and works once that is gone", async () => {
  await using projects = await startProjects();
  for (const naming of NAMINGS) {
    const project = await projects.open();
    const { sql, databaseUrl } = project;
    await sql.unsafe(functionBeside(naming));
    await install(project, naming);
    await sql.unsafe(applicationOf(naming));
    const before = await readCatalog(databaseUrl);

    const holders = await findHolders(project, naming);
    const named = holders.map(({ description }) => description);
    assert.deepEqual([...named].sort(), expectedHolders(naming));
    await assert.rejects(uninstall(project, naming), (error) => {
      assert.ok(error instanceof postgres.PostgresError);
      assert.match(error.message, /^The Clerk mirror was not uninstalled, and nothing was changed/);
      for (const description of named) assert.ok(error.message.includes(description), description);
      for (const { remedy } of holders) assert.ok(error.hint?.includes(`${remedy};`), remedy);
      return true;
    });
    assert.deepEqual(compareCatalogs(before, await readCatalog(databaseUrl)), SAME);

    for (const { remedy } of holders) await sql.unsafe(remedy);
    await uninstall(project, naming);
    const left = await sql`
      select relname::text as name from pg_class
      where relnamespace in ('public'::regnamespace, 'app'::regnamespace) and relkind = 'r'
      order by 1`;
    assert.deepEqual(left.map(({ name }) => name), [
      "archived_profiles",
      "nicknames",
      "notes",
      "todos",
    ]);
  }
});

Deno.test("an uninstall names columns, keys and triggers on every table, with statements that remove them", async () => {
  await using projects = await startProjects();
  const project = await projects.open();
  const { sql } = project;
  await install(project, PUBLIC);
  const tables = await addApplicationColumns(sql);
  await addApplicationKeys(sql);
  const holders = await findHolders(project, PUBLIC);
  // Five columns, two foreign keys and a trigger each.
  assert.equal(holders.length, tables.length * 8);
  await assert.rejects(
    uninstall(project, PUBLIC),
    /something of the application's own depends on it/,
  );
  for (const { remedy } of holders) await sql.unsafe(remedy);
  await uninstall(project, PUBLIC);
  const [left] = await sql`select count(*)::integer as count from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'`;
  assert.equal(left?.count, tables.length * 2, "the application's tables");
});

Deno.test("an uninstall refuses a mirror of other names or of a later release, and changes nothing", async () => {
  await using projects = await startProjects();
  const project = await projects.open();
  const { sql, databaseUrl } = project;
  await sql`create table public.profiles (id uuid primary key, full_name text)`;
  await install(project, { schema: "clerk", prefix: "" });
  const before = await readCatalog(databaseUrl);
  await assert.rejects(
    uninstall(project, PUBLIC),
    /it has other names in this database, where public\.profiles is not its own/,
  );
  await sql`insert into clerk_sync.releases (version) values ('99.0.0')`;
  await assert.rejects(
    uninstall(project, { schema: "clerk", prefix: "" }),
    /the database has release 99\.0\.0, which this uninstall does not know/,
  );
  assert.deepEqual(compareCatalogs(before, await readCatalog(databaseUrl)), SAME);
});

Deno.test("an uninstall also works in a database that is a release older", async () => {
  await using projects = await startProjects();
  const later = {
    version: "99.0.0",
    sql: `
      create type clerk_sync.later as enum ('now');
      alter table public.profiles add column later clerk_sync.later;
      create table public.laters (id text not null, constraint laters_pkey primary key (id));
      create function public.read_laters(kind clerk_sync.later) returns setof public.laters
      language sql as $$ select * from public.laters $$;
      create policy "Anybody can read" on public.laters for select to authenticated using (true);
      create or replace view public.session_states with (security_invoker = true) as
      select session_logs.*, null::text as current_status, profiles.later
      from public.session_logs join public.profiles on profiles.id = session_logs.user_id;
      insert into clerk_sync.releases (version) values ('99.0.0');`,
  };
  const both = [...releases, later];
  for (const installed of [releases, both]) {
    const project = await projects.open();
    const before = await readCatalog(project.databaseUrl);
    const sql = installed.map((release) => release.sql).join("\n");
    await project.sql.unsafe(
      sql.replace("create or replace view", "drop view public.session_states; create view"),
    );
    assert.deepEqual([...await project.sql.unsafe(holdersQuery(both, PUBLIC))], []);
    await project.sql.unsafe(countRowsQuery(both, PUBLIC));
    await project.sql.unsafe(renderUninstall(both, PUBLIC));
    assert.deepEqual(compareCatalogs(before, await readCatalog(project.databaseUrl)), SAME);
  }
});

Deno.test("countRowsQuery() counts the rows of every table that would go", async () => {
  await using projects = await startProjects();
  for (const naming of NAMINGS) {
    const project = await projects.open();
    const { sql } = project;
    const query = countRowsQuery(releases, naming);
    assert.deepEqual([...await sql.unsafe(query)], [], "nothing is there");
    await install(project, naming);
    const profiles = `${naming.schema}.${naming.prefix}profiles`;
    await sql`
      insert into ${sql(profiles)} (id, version)
      select 'user_' || number, row('-infinity', '-infinity', '')::clerk_sync.version
      from generate_series(1, 3) as number`;
    const counts = new Map(
      (await sql.unsafe(query)).map((row) => [row.table_name, Number(row.row_count)]),
    );
    assert.equal(counts.get(profiles), 3);
    assert.equal(counts.get("clerk_sync.effects"), 2);
    assert.equal(counts.get(`${naming.schema}.${naming.prefix}organizations`), 0);
    // As the database itself tells: nothing else is in these projects.
    const [tables] = await sql`
      select count(*)::integer as count from pg_catalog.pg_tables
      where schemaname in ('clerk_sync', ${naming.schema})`;
    assert.equal(counts.size, tables?.count);
  }
});
