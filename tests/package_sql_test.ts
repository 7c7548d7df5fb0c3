/** The SQL that goes into other people's projects: it differs in the names alone. */
import assert from "node:assert/strict";
import type { Naming } from "../functions/_shared/naming.ts";
import { checkNaming, LONGEST_OWN_NAME } from "../tools/installing/sql/check_naming.ts";
import { type Clash, clashQuery } from "../tools/installing/sql/find_clashes.ts";
import { listObjects, type MirrorObject } from "../tools/installing/sql/list_objects.ts";
import { readReleases } from "../tools/packaging/releases.ts";
import { renderMigration, renderRelease } from "../tools/installing/sql/render_migration.ts";
import { compareCatalogs, mapNames, readCatalog } from "./helpers/catalog.ts";
import { describeNaming, NAMINGS } from "./helpers/namings.ts";
import { type Projects, startProjects } from "./helpers/projects.ts";

const releases = await readReleases();
const sources = releases.map(({ sql }) => sql).join("\n");

/** The catalog of a project in which the mirror has these names. */
async function catalogUnder(projects: Projects, naming: Naming): Promise<string[]> {
  const project = await projects.open();
  await project.sql.unsafe(renderMigration(sources, naming));
  return await readCatalog(project.databaseUrl);
}

Deno.test("renderMigration() changes nothing under the repository's own names", () => {
  assert.equal(renderMigration(sources, { schema: "public", prefix: "" }), sources);
});

Deno.test("renderMigration() makes the same under a prefix and in a schema, apart from the names", async () => {
  const [plain, ...others] = NAMINGS;
  assert.ok(plain);
  await using projects = await startProjects();
  const expected = await catalogUnder(projects, plain);
  assert.ok(expected.length > 500, "tables, columns, functions, …");
  for (const naming of others) {
    const catalog = await catalogUnder(projects, naming);
    assert.deepEqual(
      compareCatalogs(mapNames(expected, naming), mapNames(catalog, naming)),
      { gone: [], new: [] },
      describeNaming(naming),
    );
    assert.notDeepEqual(catalog, expected);
  }
});

Deno.test("renderMigration() renames all that is in public, and no ordinary words in comments", () => {
  const schema = renderMigration(sources, { schema: "clerk", prefix: "" });
  assert.deepEqual(schema.match(/.*\bpublic[.\\`].*/g), null);
  const prefixed = renderMigration(sources, { schema: "public", prefix: "clerk_" });
  assert.match(prefixed, /as the view clerk_profile_identifiers shows them/);
  assert.match(prefixed, /until clerk_prune_erased_rows\(\) can remove them/);
  assert.match(prefixed, /^-- Profiles: one row for every Clerk user/m);
  assert.doesNotMatch(prefixed, /clerk_clerk_/);
});

Deno.test("renderRelease() renames the objects of earlier releases too, and makes a schema with the first alone", () => {
  const later = {
    version: "99.0.0",
    sql: `alter table public.profiles add column nickname text;
create view public.nicknames as select profiles.nickname from public.profiles;
comment on view public.nicknames is 'Beside profile_identifiers';
`,
  };
  const all = [...releases, later];
  assert.equal(
    renderRelease(all, "99.0.0", { schema: "public", prefix: "ck_" }),
    `alter table public.ck_profiles add column nickname text;
create view public.ck_nicknames as select ck_profiles.nickname from public.ck_profiles;
comment on view public.ck_nicknames is 'Beside ck_profile_identifiers';
`,
  );
  assert.equal(
    renderRelease(all, "99.0.0", { schema: "clerk", prefix: "" }),
    later.sql.replaceAll("public.", "clerk."),
  );
  const [first] = releases;
  assert.ok(first);
  const naming = { schema: "clerk", prefix: "" };
  assert.equal(renderRelease(all, first.version, naming), renderMigration(first.sql, naming));
  assert.throws(() => renderRelease(all, "98.0.0", naming), /There is no release "98\.0\.0"/);
});

Deno.test("checkNaming() takes plain names, and refuses reserved, malformed and overlong ones", () => {
  for (const naming of NAMINGS) checkNaming(naming);
  checkNaming({ schema: "app_2", prefix: "x" });
  const schemas: [string, RegExp][] = [
    ["Clerk", /use lower-case letters/],
    ["my-schema", /use lower-case letters/],
    ["", /use lower-case letters/],
    ["a".repeat(64), /up to 63/],
    ["user", /a word of SQL/],
    ["table", /a word of SQL/],
    ["authorization", /a word of SQL/],
    ["pg_clerk", /keeps other things there/],
    ...["auth", "storage", "extensions", "clerk_sync", "information_schema", "vault", "cron", "net"]
      .map((name): [string, RegExp] => [name, /keeps other things there/]),
  ];
  for (const [schema, complaint] of schemas) {
    assert.throws(() => checkNaming({ schema, prefix: "" }), complaint, schema);
    assert.throws(() => renderMigration(sources, { schema, prefix: "" }), complaint, schema);
  }
  for (const prefix of ["Clerk_", "my-", "1", "x y"]) {
    assert.throws(() => checkNaming({ schema: "public", prefix }), /use lower-case/, prefix);
  }
  assert.throws(() => checkNaming({ schema: "public", prefix: "a".repeat(12) }), /too long/);
});

Deno.test("checkNaming() limits prefixes by the mirror's longest name", () => {
  const lengths = listObjects(sources)
    .filter(({ kind, schema }) => schema === "public" && !["policy", "column"].includes(kind))
    .map(({ name }) => name.length);
  assert.equal(Math.max(...lengths), LONGEST_OWN_NAME);
});

Deno.test("checkNaming() refuses every word that Postgres reserves as a schema's name", async () => {
  await using projects = await startProjects();
  const project = await projects.open();
  const words = await project.sql`select word from pg_get_keywords() where catcode in ('R', 'T')`;
  for (const { word } of words) {
    assert.throws(() => checkNaming({ schema: word, prefix: "" }), /can't be/, word);
  }
});

Deno.test("listObjects() lists exactly what Postgres then has", async () => {
  await using projects = await startProjects();
  for (const naming of NAMINGS) {
    const project = await projects.open();
    const rendered = renderMigration(sources, naming);
    await project.sql.unsafe(rendered);
    const listed = listObjects(rendered);
    const own = [naming.schema, "clerk_sync"];
    const made = await project.sql`
      select case relkind when 'v' then 'view' else 'table' end as kind, oid::regclass::text as name
      from pg_class where relnamespace::regnamespace::text = any (${own}) and relkind in ('r', 'v')
      union all
      select 'index', indexrelid::regclass::text
      from pg_index join pg_class on pg_class.oid = indexrelid
      where relnamespace::regnamespace::text = any (${own})
      union all
      select 'column', attrelid::regclass || '.' || attname
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where relnamespace::regnamespace::text = any (${own}) and relkind = 'r' and attnum > 0
      union all
      select 'policy', polrelid::regclass || '.' || polname from pg_policy
      union all
      select 'trigger', tgrelid::regclass || '.' || tgname from pg_trigger where not tgisinternal
      union all
      select 'constraint', conrelid::regclass || '.' || conname from pg_constraint
      where connamespace::regnamespace::text = any (${own}) and contype in ('c', 'f')
      union all
      select 'function', oid::regprocedure::text from pg_proc
      where pronamespace::regnamespace::text = any (${own})
      union all
      select 'type', oid::regtype::text from pg_type
      where typnamespace = 'clerk_sync'::regnamespace and typtype = 'c'
        and typrelid in (select oid from pg_class where relkind = 'c')`;
    const types = new Map(
      (await project.sql`select typname as alias, oid::regtype::text as name from pg_type`)
        .map(({ alias, name }) => [alias, name]),
    );
    const describe = ({ kind, schema, name, table, arguments: args }: MirrorObject): string => {
      const qualified = schema === "public" ? name : `${schema}.${name}`;
      const on = schema === "public" ? table : `${schema}.${table}`;
      if (kind === "function") {
        const list = args?.map((type) =>
          type.replace(/^\w+/, (alias) => types.get(alias) ?? alias)
        );
        return `function ${qualified}(${list?.join(",")})`;
      }
      if (kind === "key") return `index ${qualified}`;
      return ["column", "policy", "constraint", "trigger"].includes(kind)
        ? `${kind} ${on}.${name}`
        : `${kind} ${qualified}`;
    };
    assert.deepEqual(
      listed.filter(({ kind }) => kind !== "schema").map(describe).sort(),
      made.map(({ kind, name }) => `${kind} ${name}`).sort(),
    );
  }
});

Deno.test("listObjects() understands replacing, adding and dropping, and refuses what it doesn't know", () => {
  const names = (sql: string) => listObjects(sql).map(({ kind, name }) => `${kind} ${name}`);
  const made = `
    create table public.a (id text not null, n numeric(3, 1) default 1, constraint a_pkey primary key (id));
    create view public.v as select a.id from public.a; -- a comment; with a semicolon
    create function public.f(a_text text default 'x, y', b numeric(3, 1)[] default '{}') returns text
    language sql as $$ select 'create table public.x (id text);' $$;
    create policy "A sentence on tables" on public.a for select to authenticated using (true);`;
  assert.deepEqual(names(made), [
    "table a",
    "column id",
    "column n",
    "key a_pkey",
    "view v",
    "function f",
    "policy A sentence on tables",
  ]);
  assert.deepEqual(
    names(`${made}
      create or replace function public.f(a_text text, b numeric(3, 1)[]) returns text
      language sql as $$ select '' $$;
      alter table public.a add column c text, add constraint a_c_check check (c <> 'x, y');
      create index a_c_idx on public.a (c);
      create or replace view public.v as select a.c from public.a;
      drop policy "A sentence on tables" on public.a;`),
    [
      "table a",
      "column id",
      "column n",
      "key a_pkey",
      "function f",
      "column c",
      "constraint a_c_check",
      "index a_c_idx",
      "view v",
    ],
  );
  assert.deepEqual(
    names(`${made}
      drop view public.v; drop function public.f(text, numeric(3, 1)[]); drop table public.a;`),
    [],
  );
  for (
    const statement of [
      "create sequence public.s",
      "create extension hstore",
      "alter table public.a rename to b",
      "alter view public.v rename to w",
      "alter table public.a inherit public.b",
      "drop owned by postgres",
    ]
  ) {
    assert.throws(() => listObjects(`${statement};`), /Not understood/, statement);
  }
});

Deno.test("clashQuery() finds nothing in an empty project, and each of the mirror's names where it is installed", async () => {
  await using projects = await startProjects();
  for (const naming of NAMINGS) {
    const project = await projects.open();
    const rendered = renderMigration(sources, naming);
    const objects = listObjects(rendered);
    const query = clashQuery(objects);
    assert.deepEqual([...await project.sql.unsafe(query)], []);

    await project.sql.unsafe(rendered);
    const found = await project.sql.unsafe<Clash[]>(query);
    const expected = objects.filter(({ kind, schema }) =>
      kind === "schema" ||
      (schema !== "clerk_sync" && ["table", "view", "index", "key", "function"].includes(kind))
    );
    assert.deepEqual(
      found.map(({ kind, name }) => `${kind} ${name}`).sort(),
      expected.map(({ kind, schema, name }) =>
        kind === "schema"
          ? `schema ${name}`
          : `${kind === "key" ? "index" : kind} ${schema}.${name}`
      ).sort(),
    );
  }
});

/** Something of each kind in the way of something of each kind, under whatever names. */
function inTheWay({ schema, prefix }: Naming): string {
  const own = `${schema}.${prefix}`;
  return `
    create schema if not exists ${schema};
    create table ${own}profiles (id uuid primary key);
    create table ${own}read_release (id uuid);
    create sequence ${own}session_logs;
    create domain ${own}organizations as text;
    create type ${own}subscriptions as enum ('free');
    create materialized view ${own}session_states as select 1 as one;
    create index ${prefix}payment_attempts_user_id_idx on ${own}read_release (id);
    create function ${own}delete_profile(integer) returns void language sql as 'select';
    create procedure ${own}ensure_profile() language sql as 'select';
    create schema clerk_sync;`;
}

Deno.test("clashQuery() and the migration itself name the same clashes, under every naming", async () => {
  await using projects = await startProjects();
  for (const naming of NAMINGS) {
    const project = await projects.open();
    await project.sql.unsafe(inTheWay(naming));
    const before = await readCatalog(project.databaseUrl);
    const own = `${naming.schema}.${naming.prefix}`;
    const rendered = renderMigration(sources, naming);

    const clashes = await project.sql.unsafe<Clash[]>(clashQuery(listObjects(rendered)));
    const expected = [
      "schema clerk_sync",
      `domain ${own}organizations`,
      `function ${own}delete_profile`,
      `index ${own}payment_attempts_user_id_idx`,
      `index ${own}profiles_pkey`,
      `materialized view ${own}session_states`,
      `procedure ${own}ensure_profile`,
      `sequence ${own}session_logs`,
      `table ${own}profiles`,
      `type ${own}subscriptions`,
    ];
    assert.deepEqual(clashes.map(({ kind, name }) => `${kind} ${name}`).sort(), expected.sort());

    await assert.rejects(project.sql.unsafe(rendered), (error: Error) => {
      const [, list] = /nothing was changed: the project has (.*) already$/.exec(error.message) ??
        [];
      assert.deepEqual(
        list?.split(", ").map((item) => item.split(" ").at(-1)).sort(),
        clashes.map(({ name }) => name).sort(),
      );
      return true;
    });
    assert.deepEqual(compareCatalogs(before, await readCatalog(project.databaseUrl)), {
      gone: [],
      new: [],
    });
  }
});

Deno.test("the migration checks for every name that it makes, under every naming", () => {
  for (const naming of NAMINGS) {
    const rendered = renderMigration(sources, naming);
    const looks = rendered.match(
      /do \$\$\ndeclare\n {2}(?:relations|indexes) constant[\s\S]*?\$\$;/g,
    );
    const named = (looks ?? []).flatMap((look) =>
      [...look.matchAll(/'([\w]+\.\w+)'/g)].map(([, name]) => name)
    );
    const made = listObjects(rendered)
      .filter(({ schema, kind }) =>
        schema !== "clerk_sync" && !["policy", "column", "constraint"].includes(kind)
      )
      .map(({ schema, name }) => `${schema}.${name}`);
    assert.deepEqual(named.sort(), [...new Set(made)].sort());
  }
});
