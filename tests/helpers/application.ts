/** What an application builds into the mirror's tables: columns, tables, foreign keys, triggers. */
import postgres from "postgres";
import { installedNaming, type Naming } from "../../functions/_shared/naming.ts";
import { renamingSql, searchPath } from "./naming.ts";

/** What an application puts into its own columns of a mirrored row by itself. */
export const APPLICATION_DEFAULTS = { app_note: "a note", app_credits: 10, app_plan: "free" };

/**
 * Gives every mirrored table columns of the application's own, of each kind: with a default, with one
 * and `not null`, of a domain that forbids null, generated, identity.
 *
 * @returns The tables.
 */
export async function addApplicationColumns(
  sql: postgres.Sql,
  naming = installedNaming,
): Promise<string[]> {
  await sql`create domain public.app_plan as text not null default 'free'`;
  const tables = await mirroredTables(sql, naming);
  for (const table of tables) {
    await sql`
      alter table ${sql(table)}
      add column app_note text default 'a note',
      add column app_credits integer not null default 10,
      add column app_plan public.app_plan default 'free',
      add column app_label text generated always as ('object ' || id) stored,
      add column app_number bigint generated always as identity`;
  }
  return tables;
}

/**
 * Gives every mirrored table rows of an application that refer to it, as a trigger makes them: those of
 * ids that end in "_0" hold their row (no `on delete`, as most people write it; deferred for some
 * tables), those in "_1" go with it.
 */
export async function addApplicationKeys(
  sql: postgres.Sql,
  naming = installedNaming,
): Promise<void> {
  for (const [index, table] of (await mirroredTables(sql, naming)).entries()) {
    const deferred = index % 2 === 0 ? "" : "deferrable initially deferred";
    await sql.unsafe(`
      create table public.app_holds_${table} (
        id bigint generated always as identity primary key,
        object_id text not null references public.${table} (id) ${deferred}
      );
      create table public.app_goes_with_${table} (
        id bigint generated always as identity primary key,
        object_id text not null references public.${table} (id) on delete cascade
      );
      create function public.app_notices_${table}() returns trigger
      language plpgsql security definer set search_path = '' as $$
      begin
        if new.id like '%\\_0' then
          insert into public.app_holds_${table} (object_id) values (new.id);
        elsif new.id like '%\\_1' then
          insert into public.app_goes_with_${table} (object_id) values (new.id);
        end if;
        return null;
      end;
      $$;
      create trigger app_notices after insert on public.${table}
      for each row execute function public.app_notices_${table}();
    `);
  }
}

/** Both, as histories of every order meet them. */
export async function addApplication(
  databaseUrl: string,
  naming: Naming = installedNaming,
): Promise<void> {
  const connection = { search_path: searchPath(naming) };
  const owner = postgres(databaseUrl, { max: 1, onnotice: () => {}, connection });
  const sql = renamingSql(owner, naming);
  try {
    await addApplicationColumns(sql, naming);
    await addApplicationKeys(sql, naming);
  } finally {
    await owner.end();
  }
}

/** The mirror's tables that clients read, under the repository's names. */
export async function mirroredTables(
  sql: postgres.Sql,
  { schema, prefix } = installedNaming,
): Promise<string[]> {
  const rows = await sql`
    select substr(relname, ${prefix.length + 1}::integer) as name
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = ${schema}::text::regnamespace and relkind = 'r'
      and atttypid = 'clerk_sync.version'::regtype
    order by relname`;
  return rows.map(({ name }) => name);
}
