import type { Naming } from "../../functions/_shared/naming.ts";

/** Postgres cuts names off behind this, silently. */
const LONGEST_NAME = 63;

/**
 * Puts the mirror's SQL under other names: what is in `public` moves into another schema, or gets a prefix.
 * Purely by text, since every name of `public` is qualified wherever it stands, also in dynamic SQL. The
 * private schema stays as it is.
 *
 * @param sql All migrations together, so that every name is known.
 * @throws {Error} if a prefix makes a name longer than Postgres keeps it.
 */
export function renderMigration(sql: string, { schema, prefix }: Naming): string {
  const qualified = sql.replace(/\bpublic(\\?\.)/g, `${schema}$1${prefix}`);
  const renamed = prefix === "" ? qualified : addPrefix(qualified, sql, prefix);
  return schema === "public" ? renamed : `${createSchema(schema)}\n${renamed}`;
}

/** What stands without a schema: indexes and constraints, and names before a column or an argument. */
function addPrefix(qualified: string, sql: string, prefix: string): string {
  const owned = unqualifiedNames(sql);
  const relations = publicNames(sql);
  for (const name of [...owned, ...relations]) {
    if (name.length + prefix.length > LONGEST_NAME) {
      throw new Error(
        `The prefix "${prefix}" is too long: "${prefix}${name}" would have more than ${LONGEST_NAME} characters`,
      );
    }
  }
  return qualified
    .replace(new RegExp(`(?<![\\w.])(${owned.join("|")})\\b`, "g"), `${prefix}$1`)
    .replace(new RegExp(`(?<![\\w.'])(${relations.join("|")})\\.(?=\\w)`, "g"), `${prefix}$1.`);
}

/** Indexes and constraints of the tables in `public`: they share their schema's names with tables. */
function unqualifiedNames(sql: string): string[] {
  const indexes = sql.matchAll(/^create (?:unique )?index (\w+) on public\./gm);
  const tables = sql.matchAll(/^create table public\.[^;]*;/gm);
  const constraints = [...tables].flatMap(([table]) => [
    ...table.matchAll(/\bconstraint (\w+)/g),
  ]);
  return [...indexes, ...constraints].flatMap(([, name]) => name === undefined ? [] : [name]);
}

/** Tables, views and functions of `public`. */
export function publicNames(sql: string): string[] {
  const names = sql.matchAll(/^create (?:table|view|function|type) public\.(\w+)/gm);
  return [...new Set([...names].flatMap(([, name]) => name === undefined ? [] : [name]))];
}

function createSchema(schema: string): string {
  return `-- What the API shows of the mirror. The schema may be there already.
create schema if not exists ${schema};
grant usage on schema ${schema} to anon, authenticated, service_role;
`;
}
