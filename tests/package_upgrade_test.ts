/** An upgrade from release to release, with data in the tables and webhooks arriving. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Naming } from "../functions/_shared/naming.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sample, sampleTypes } from "../tools/development/events/sample_event.ts";
import type { Release } from "../tools/installing/sql/contents.ts";
import { readReleases } from "../tools/packaging/releases.ts";
import { renderMigration, renderRelease } from "../tools/installing/sql/render_migration.ts";
import { pushMigrations } from "../tools/development/stack/supabase_cli.ts";
import { compareCatalogs, readCatalog } from "./helpers/catalog.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { startProjects } from "./helpers/projects.ts";

/** Webhooks under way at once. */
const CONCURRENCY = 8;

/** Webhooks during the upgrade, at least. */
const MIN_WEBHOOKS = 300;

/** How often a webhook is delivered at most, as Svix does after a 503. */
const MAX_DELIVERIES = 30;

const releases = await readReleases();

/** A release as there may be one: a column and what writes it, a table, indexes, a view that shows more. */
function laterRelease(): Release {
  const sources = releases.map(({ sql }) => sql).join("\n");
  const writeProfiles = sources
    .match(/create or replace function clerk_sync\.write_profiles[\s\S]*?\$\$;/g)?.at(-1);
  assert.ok(writeProfiles);
  const replaced = writeProfiles
    .replace("synced_at, version\n", "synced_at, version, nickname\n")
    .replace(
      "select distinct on (incoming.id) incoming.*\n",
      "select distinct on (incoming.id) incoming.*, incoming.first_name\n",
    )
    .replace(
      "version = excluded.version\n",
      "version = excluded.version,\n    nickname = excluded.nickname\n",
    );
  assert.equal(replaced.match(/nickname/g)?.length, 3);
  return {
    version: "99.0.0",
    sql: `-- A made-up release.

alter table public.profiles
  add column nickname text,
  add constraint profiles_nickname_check check (nickname <> '-');

comment on column public.profiles.nickname is 'Beside profile_identifiers';

create index profiles_username_idx on public.profiles (username);

${replaced}

create table public.profile_notes (
  id text not null,
  user_id text not null,
  constraint profile_notes_pkey primary key (id),
  constraint profile_notes_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);

create index profile_notes_user_id_idx on public.profile_notes (user_id);

alter table public.profile_notes enable row level security;
revoke all on public.profile_notes from anon, authenticated;
grant select on public.profile_notes to authenticated;
grant select, insert, update, delete on public.profile_notes to service_role;

create policy "Users can read their own notes" on public.profile_notes
for select to authenticated using (user_id = (select clerk_sync.user_id()));

insert into clerk_sync.releases (version) values ('99.0.0');
`,
  };
}

/** The project folder of an application that the mirror is in. */
async function projectFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "clerk-mirror-upgrade-" });
  await Deno.mkdir(join(path, "supabase", "migrations"), { recursive: true });
  await Deno.writeTextFile(join(path, "supabase", "config.toml"), 'project_id = "app"\n');
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function addMigration(folder: string, name: string, sql: string): Promise<void> {
  await Deno.writeTextFile(join(folder, "supabase", "migrations", `${name}.sql`), sql);
}

/** An event's row, where the mirror keeps one. */
interface Expectation {
  webhookId: string;
  table: string;
  id: string;
  isThere: boolean;
}

/** Delivers an event of a type until it is answered 200, as Svix does. */
async function sendUntilTaken(mirror: OwnMirror, type: string): Promise<Expectation | undefined> {
  const { event, row } = sample(type);
  const webhookId = newId("msg");
  for (let delivery = 0; delivery < MAX_DELIVERIES; delivery++) {
    const answer = await mirror.send(event, { id: webhookId });
    if (answer.status === 200) {
      return row &&
        { webhookId, table: row.table, id: event.data.id, isThere: row.values !== null };
    }
    assert.equal(answer.status, 503, `${type}: ${answer.outcome}`);
  }
  throw new Error(`${type} was not taken after ${MAX_DELIVERIES} deliveries`);
}

/** Sends events of all types, several at once, until it is told that it is enough. */
async function sendAllAlong(mirror: OwnMirror, isEnough: () => boolean): Promise<Expectation[]> {
  const types = sampleTypes();
  const sent: Expectation[] = [];
  let count = 0;
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    while (!isEnough() || count < MIN_WEBHOOKS) {
      const expectation = await sendUntilTaken(mirror, types[count++ % types.length] ?? "");
      if (expectation) sent.push(expectation);
    }
  }));
  return sent;
}

/** All rows of the mirror, without what the later release adds. */
async function readRows({ sql, stack }: OwnMirror): Promise<string[]> {
  const { schema, prefix } = stack.naming;
  const tables = await sql`
    select oid::regclass::text as name from pg_class
    where relkind = 'r' and relname not like '%profile_notes'
      and (relnamespace = 'clerk_sync'::regnamespace and relname <> 'releases'
        or relnamespace = ${schema}::regnamespace and starts_with(relname, ${prefix}))`;
  const rows = await Promise.all(
    tables.map(async ({ name }) =>
      (await sql.unsafe(
        `select '${name} ' || (to_jsonb(stored) - '{nickname,awaited_types}'::text[])::text as row from ${name} as stored`,
      )).map(({ row }) => String(row))
    ),
  );
  return rows.flat().sort();
}

/** What a later event of another object may change: how often something has come. */
const COUNTERS = /^clerk_sync\.(?:foreign_webhooks|effects) /;

async function upgradeUnderWebhooks(naming: Naming): Promise<void> {
  const all = [...releases, laterRelease()];
  const [first, ...later] = all;
  assert.ok(first);
  await using folder = await projectFolder();
  await addMigration(
    folder.path,
    "20260102000000_clerk_mirror",
    renderRelease(all, first.version, naming),
  );
  await using mirror = await openOwnMirror({
    naming,
    fill: (databaseUrl) => pushMigrations(databaseUrl, folder.path),
  });
  const { sql } = mirror;
  for (const type of sampleTypes()) await sendUntilTaken(mirror, type);
  const before = await readRows(mirror);
  assert.ok(before.length > 50);

  for (const [index, { version }] of later.entries()) {
    await addMigration(
      folder.path,
      `${20260103000000 + index}_clerk_mirror`,
      renderRelease(all, version, naming),
    );
  }
  let isOver = false;
  const push = pushMigrations(mirror.databaseUrl, folder.path).finally(() => {
    isOver = true;
  });
  const [sent] = await Promise.all([sendAllAlong(mirror, () => isOver), push]);

  const after = new Set(await readRows(mirror));
  assert.deepEqual(before.filter((row) => !after.has(row) && !COUNTERS.test(row)), []);
  const own = (table: string) => sql(`${naming.schema}.${naming.prefix}${table}`);
  const lost = [];
  for (const { webhookId, table, id, isThere } of sent) {
    const rows = await sql`select from ${own(table)} where id = ${id}`;
    const claims = await sql`select from clerk_sync.webhook_events where id = ${webhookId}`;
    if (rows.length !== (isThere ? 1 : 0) || claims.length !== 1) lost.push({ table, id });
  }
  assert.deepEqual(lost, []);
  const [profiles] = await sql`
    select count(*)::integer as count, count(nickname)::integer as named from ${own("profiles")}`;
  assert.ok(
    profiles && profiles.named > 0 && profiles.named < profiles.count,
    "written by both releases' functions",
  );

  await using projects = await startProjects();
  const fresh = await projects.open();
  await fresh.sql.unsafe(renderMigration(all.map((release) => release.sql).join("\n"), naming));
  assert.deepEqual(
    compareCatalogs(await readCatalog(fresh.databaseUrl), await readCatalog(mirror.databaseUrl)),
    { gone: [], new: [] },
  );
}

for (const schema of ["public", "clerk"]) {
  Deno.test(`an upgrade from the first release in ${schema} loses no webhook, and ends like a fresh installation`, async () => {
    await upgradeUnderWebhooks({ schema, prefix: "" });
  });
}
