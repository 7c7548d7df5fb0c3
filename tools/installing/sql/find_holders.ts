/** Finds what in an application depends on the mirror's objects, so that those can't be dropped. */
import type { Naming } from "../../../functions/_shared/naming.ts";
import type { Release } from "./contents.ts";
import { listObjects, type MirrorObject } from "./list_objects.ts";
import { rename } from "./render_migration.ts";
import { quote, quoteList } from "./sql_text.ts";

/** Something in the application that depends on something in the mirror. */
export interface Holder {
  /** Such as "table constraint todos_user_id_fkey on public.todos". */
  description: string;
  /** The SQL statement that removes the dependency, without a semicolon. */
  remedy: string;
}

/** What the mirror has in a database with all these releases, in order of creation. */
export function installedObjects(releases: Release[], naming: Naming): MirrorObject[] {
  const sql = releases.map((release) => release.sql).join("\n");
  return listObjects(rename(sql, sql, naming));
}

/**
 * One statement that finds what depends on the mirror: rows `(description, remedy)`, as in {@link Holder}, in
 * an order in which the remedies work. None in a database without the mirror.
 */
export function holdersQuery(releases: Release[], naming: Naming): string {
  return `${renderHoldersQuery(installedObjects(releases, naming))}\n`;
}

/**
 * The query follows Postgres's own record of dependencies, as a `drop` does: a part of something else (the
 * rule of a view, the index of a constraint) stands for the whole. What merely lists something, as
 * publications do, and disappears with it, doesn't count.
 */
export function renderHoldersQuery(objects: MirrorObject[]): string {
  const tables = objects.filter(({ kind }) => kind === "table");
  return `with recursive tables as (
  select to_regclass(made.name)::oid as id, made.columns, made.parts, made.policies
  from (
    values
${tables.map((table) => tableRow(table, objects)).join(",\n")}
  ) as made (name, columns, parts, policies)
  where to_regclass(made.name) is not null
),
-- What the mirror has made, as far as it is there.
own (class, id) as (
  select 'pg_class'::regclass::oid, tables.id from tables
  union
  select 'pg_class'::regclass, to_regclass(name)::oid
  from unnest(${nameList(objects, "view")}) as name
  union
  select 'pg_type'::regclass, to_regtype(name)::oid
  from unnest(${nameList(objects, "type")}) as name
  union
  select 'pg_proc'::regclass, pg_proc.oid
  from (
    values
${objects.filter(({ kind }) => kind === "function").map(functionRow).join(",\n")}
  ) as made (name, argument_types)
  join pg_catalog.pg_namespace on nspname = split_part(made.name, '.', 1)
  join pg_catalog.pg_proc
    on pronamespace = pg_namespace.oid and proname = split_part(made.name, '.', 2)
    -- By their types one by one: before Postgres 16, to_regprocedure() fails where one is missing.
    and proargtypes::text = (
      select coalesce(string_agg(coalesce(to_regtype(type)::oid, 0)::text, ' ' order by position), '')
      from unnest(made.argument_types) with ordinality as argument (type, position)
    )
  union
  select 'pg_namespace'::regclass, to_regnamespace(name)::oid
  from unnest(${schemaList(objects)}) as name
  union
  select 'pg_class'::regclass, indexrelid
  from tables
  join pg_catalog.pg_index on indrelid = tables.id
  join pg_catalog.pg_class on pg_class.oid = indexrelid and relname = any (tables.parts)
  union
  select 'pg_constraint'::regclass, pg_constraint.oid
  from tables
  join pg_catalog.pg_constraint on conrelid = tables.id
    -- Newer versions of Postgres keep each "not null" as a constraint.
    and (conname = any (tables.parts) or contype = 'n')
  union
  select 'pg_trigger'::regclass, pg_trigger.oid
  from tables
  join pg_catalog.pg_trigger on tgrelid = tables.id and tgname = any (tables.parts)
  union
  select 'pg_policy'::regclass, pg_policy.oid
  from tables
  join pg_catalog.pg_policy on polrelid = tables.id and polname = any (tables.policies)
),
-- Columns that the application has added to tables of the mirror.
added_columns (id, part) as (
  select tables.id, attnum::integer
  from tables
  join pg_catalog.pg_attribute on attrelid = tables.id
  where attnum > 0 and not attisdropped and attname <> all (tables.columns)
),
-- What is a part of what; the sequence of a serial column is one of the column.
belongings as (
  select classid, objid, refclassid, refobjid, refobjsubid
  from pg_catalog.pg_depend
  where deptype = 'i'
    or deptype = 'a' and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass
      and refobjsubid > 0
      and exists (select from pg_catalog.pg_class where pg_class.oid = objid and relkind = 'S')
),
parts (class, id, whole_class, whole_id, whole_part) as (
  select * from belongings
  union
  select parts.class, parts.id, belongings.refclassid, belongings.refobjid, belongings.refobjsubid
  from parts
  join belongings on belongings.classid = parts.whole_class and belongings.objid = parts.whole_id
),
wholes as (
  select * from parts
  where not exists (
    select from belongings where classid = parts.whole_class and objid = parts.whole_id
  )
),
-- What depends on what, wholes both.
links as (
  select distinct
    coalesce(wholes.whole_class, classid) as class,
    coalesce(wholes.whole_id, objid) as id,
    case
      when wholes.id is not null then wholes.whole_part
      -- The columns of a view go with it.
      when classid = 'pg_class'::regclass
        and (select relkind in ('v', 'm') from pg_catalog.pg_class where pg_class.oid = objid) then 0
      else objsubid
    end as part,
    coalesce(on_wholes.whole_class, refclassid) as on_class,
    coalesce(on_wholes.whole_id, refobjid) as on_id,
    coalesce(on_wholes.whole_part, refobjsubid) as on_part
  from pg_catalog.pg_depend
  left join wholes on wholes.class = classid and wholes.id = objid
  left join wholes as on_wholes on on_wholes.class = refclassid and on_wholes.id = refobjid
  where deptype in ('n', 'a')
    and classid not in (
      'pg_publication_rel'::regclass, 'pg_publication_namespace'::regclass, 'pg_default_acl'::regclass
    )
    and not (
      classid = 'pg_class'::regclass
      and objid in (select oid from pg_catalog.pg_class where relnamespace = 'pg_toast'::regnamespace)
    )
    -- The defaults of a mirrored table go with its columns.
    and not (
      classid = 'pg_attrdef'::regclass
      and wholes.id is null
      and exists (
        select from tables
        join pg_catalog.pg_attrdef on adrelid = tables.id
        where pg_attrdef.oid = objid
      )
    )
    -- The sequence of a column moves with its table.
    and not (refclassid = 'pg_namespace'::regclass and wholes.id is not null)
),
-- How each lets go: it moves to another schema, is no heir any more, or is dropped, and then what holds on
-- to it has to let go before.
holders (class, id, part, on_id, means, depth) as (
  select 'pg_class'::regclass::oid, id, part, null::oid, 'drop', 0 from added_columns
  union
  select
    links.class, links.id, links.part, links.on_id,
    case
      when links.on_class = 'pg_namespace'::regclass then 'move'
      when links.class = 'pg_class'::regclass and links.part = 0 and exists (
        select from pg_catalog.pg_inherits
        where inhrelid = links.id and inhparent = links.on_id
      ) then 'disinherit'
      else 'drop'
    end,
    1
  from own
  join links on links.on_class = own.class and links.on_id = own.id
  where (links.class, links.id) not in (select own.class, own.id from own where own.id is not null)
  union
  select links.class, links.id, links.part, links.on_id, 'drop', holders.depth + 1
  from holders
  join links on links.on_class = holders.class and links.on_id = holders.id
    and holders.part in (0, links.on_part)
    and (links.class, links.id, links.part) <> (holders.class, holders.id, holders.part)
  where holders.means = 'drop' and holders.depth < 20
),
last_holders as (
  select distinct on (class, id, part)
    class, id, part, on_id, means, max(depth) over (partition by class, id, part) as depth
  from holders
  order by class, id, part, means = 'drop' desc, means
)
select
  object.type || ' ' || object.identity as description,
  case
    when means = 'disinherit' then format('alter table %s no inherit %s', object.identity, parent.identity)
    when means = 'move' then format('alter %s %s set schema public', object.type, object.identity)
    when contypid <> 0
      then format('alter domain %s drop constraint %I', contypid::regtype, conname)
    when conname is not null then format('alter table %s drop constraint %I', relation.identity, conname)
    when tgname is not null then format('drop trigger %I on %s', tgname, relation.identity)
    when polname is not null then format('drop policy %I on %s', polname, relation.identity)
    when rulename is not null then format('drop rule %I on %s', rulename, relation.identity)
    when adrelid is not null
      then format('alter table %s alter column %I drop default', relation.identity, attname)
    when attname is not null then format('alter table %s drop column %I', relation.identity, attname)
    else format('drop %s %s', replace(object.type, ' object', ''), object.identity)
  end as remedy
from last_holders
cross join lateral pg_identify_object(class, id, part) as object
left join pg_catalog.pg_constraint on class = 'pg_constraint'::regclass and pg_constraint.oid = id
left join pg_catalog.pg_trigger on class = 'pg_trigger'::regclass and pg_trigger.oid = id
left join pg_catalog.pg_policy on class = 'pg_policy'::regclass and pg_policy.oid = id
left join pg_catalog.pg_rewrite on class = 'pg_rewrite'::regclass and pg_rewrite.oid = id
left join pg_catalog.pg_attrdef on class = 'pg_attrdef'::regclass and pg_attrdef.oid = id
left join pg_catalog.pg_attribute
  on class in ('pg_class'::regclass, 'pg_attrdef'::regclass)
  and attrelid = coalesce(adrelid, id)
  and attnum = coalesce(adnum, nullif(part, 0))
cross join lateral pg_identify_object(
  'pg_class'::regclass, coalesce(nullif(conrelid, 0), tgrelid, polrelid, ev_class, attrelid), 0
) as relation
cross join lateral pg_identify_object(
  'pg_class'::regclass, case when means = 'disinherit' then on_id end, 0
) as parent
order by means = 'move', means <> 'disinherit', depth desc, description`;
}

function tableRow({ schema, name }: MirrorObject, objects: MirrorObject[]): string {
  const own = objects.filter((object) => object.schema === schema && object.table === name);
  const pick = (...kinds: MirrorObject["kind"][]) =>
    quoteList(own.filter(({ kind }) => kinds.includes(kind)).map((object) => object.name));
  const columns = pick("column");
  const parts = pick("index", "key", "constraint", "trigger");
  return `      (${quote(`${schema}.${name}`)}, ${columns}, ${parts}, ${pick("policy")})`;
}

function nameList(objects: MirrorObject[], wanted: MirrorObject["kind"]): string {
  return quoteList(
    objects.filter(({ kind }) => kind === wanted).map(({ schema, name }) => `${schema}.${name}`),
  );
}

function schemaList(objects: MirrorObject[]): string {
  return quoteList(objects.filter(({ kind }) => kind === "schema").map(({ name }) => name));
}

function functionRow({ schema, name, arguments: types = [] }: MirrorObject): string {
  return `      (${quote(`${schema}.${name}`)}, ${quoteList(types)})`;
}

/** Such as `clerk_sync.read_stamps(jsonb, jsonb)`. */
export function signature({ schema, name, arguments: types = [] }: MirrorObject): string {
  return `${schema}.${name}(${types.join(", ")})`;
}
