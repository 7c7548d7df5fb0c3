import type { MirrorObject } from "./list_objects.ts";
import { quoteList } from "./sql_text.ts";

/** Something in a database that already has one of the mirror's names. */
export interface Clash {
  /** What kind of object it is, in Postgres's words, such as "table", "view", "index" or "function". */
  kind: string;
  /** With its schema, such as "public.profiles"; for a schema, its own name. */
  name: string;
}

/**
 * One statement that finds everything in a database that already has one of the mirror's names, whatever it
 * is: rows `(kind, name)`, as in {@link Clash}. For a database without the mirror.
 *
 * @param objects Of the rendered SQL. For those in a schema that the mirror creates, only the schema is
 * looked for.
 */
export function clashQuery(objects: MirrorObject[]): string {
  const schemas = objects.filter(({ kind }) => kind === "schema").map(({ name }) => name);
  const outside = objects.filter(({ schema }) => !schemas.includes(schema));
  const names = (...kinds: MirrorObject["kind"][]) =>
    quoteList([
      ...new Set(
        outside.filter(({ kind }) => kinds.includes(kind)).map(({ schema, name }) =>
          `${schema}.${name}`
        ),
      ),
    ]);
  return `select clash.kind, clash.name
from (
  select 'schema' as kind, nspname::text as name
  from pg_catalog.pg_namespace
  where nspname = any (${quoteList(schemas)})
  union all
  select
    case relkind
      when 'v' then 'view'
      when 'm' then 'materialized view'
      when 'i' then 'index'
      when 'I' then 'index'
      when 'S' then 'sequence'
      when 'f' then 'foreign table'
      when 'c' then 'type'
      else 'table'
    end,
    nspname || '.' || relname
  from pg_catalog.pg_class
  join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
  where nspname || '.' || relname = any (${names("table", "view", "index", "key", "type")})
  union all
  select case typtype when 'd' then 'domain' else 'type' end, nspname || '.' || typname
  from pg_catalog.pg_type
  join pg_catalog.pg_namespace on pg_namespace.oid = typnamespace
  where typrelid = 0 and nspname || '.' || typname = any (${names("table", "view", "type")})
  union all
  select distinct
    case prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
    nspname || '.' || proname
  from pg_catalog.pg_proc
  join pg_catalog.pg_namespace on pg_namespace.oid = pronamespace
  where nspname || '.' || proname = any (${names("function")})
) as clash
order by clash.name, clash.kind;
`;
}
