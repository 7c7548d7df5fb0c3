import { quote } from "../sql/sql_text.ts";
import { dollarQuote } from "./sql_text.ts";

/** Milliseconds that a change waits for a lock: running queries go first, and aren't held up. */
const LOCK_TIMEOUT = 10_000;

/** A migration to be applied and recorded. */
export interface Migration {
  /** UTC, 14 digits. */
  version: string;
  name: string;
  sql: string;
}

/**
 * A single statement that applies a migration and records it as the Supabase CLI does: all of it or nothing,
 * however the API passes it on to Postgres.
 *
 * @param after Statements that belong to it.
 */
export function migrationStatement({ version, name, sql }: Migration, after: string[]): string {
  return block(sql, [
    "create schema if not exists supabase_migrations",
    "create table if not exists supabase_migrations.schema_migrations (version text not null primary key)",
    "alter table supabase_migrations.schema_migrations add column if not exists statements text[]",
    "alter table supabase_migrations.schema_migrations add column if not exists name text",
    "insert into supabase_migrations.schema_migrations (version, name, statements) " +
    `values (${quote(version)}, ${quote(name)}, array[migration])`,
    ...after,
  ]);
}

/**
 * A single statement that undoes what migrations made, and removes them from the history.
 *
 * @param versions Of those migrations.
 */
export function removalStatement(sql: string, versions: string[]): string {
  const list = versions.map(quote).join(", ");
  return block(
    sql,
    list === ""
      ? []
      : [`delete from supabase_migrations.schema_migrations where version in (${list})`],
  );
}

function block(migration: string, after: string[]): string {
  const body = `
declare
  migration constant text := ${dollarQuote(migration, "clerk_migration")};
begin
  perform set_config('lock_timeout', '${LOCK_TIMEOUT}', true);
  execute migration;
${after.map((statement) => `  ${statement};\n`).join("")}end
`;
  return `do ${dollarQuote(body, "clerk_mirror")}`;
}
