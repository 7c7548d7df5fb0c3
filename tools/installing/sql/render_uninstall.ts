import type { Naming } from "../../../functions/_shared/naming.ts";
import type { Release } from "./contents.ts";
import { installedObjects, renderHoldersQuery, signature } from "./find_holders.ts";
import type { MirrorObject } from "./list_objects.ts";
import { SCHEMA_COMMENT, SCHEMA_USAGE_STEP } from "./render_migration.ts";
import { quote, quoteList } from "./sql_text.ts";

/**
 * Writes the migration that removes the mirror: exactly what was installed, in reverse order of creation, and
 * never with cascade. It first looks for what in the application depends on the mirror, and if there is
 * anything, lists it all and changes nothing.
 *
 * It is one statement, so that it applies completely or not at all. A database with an earlier release is
 * fine, and one without the mirror is left as it is.
 */
export function renderUninstall(releases: Release[], naming: Naming): string {
  const objects = installedObjects(releases, naming);
  const drops = objects.filter(({ isInline }) => !isInline).reverse();
  const isPublic = naming.schema === "public";
  const profiles = `${naming.schema}.${naming.prefix}profiles`;
  return `-- Removes the Clerk mirror, and nothing that belongs to the application.

do $$
declare
  unknown_releases text;
  held text;
  remedies text;${isPublic ? "" : "\n  roles text[];\n  role_name text;"}
begin
  if to_regclass('clerk_sync.releases') is null then
    raise notice 'The Clerk mirror is not in this database: there is nothing to uninstall';
    return;
  end if;
  -- Tables of other mirrors, or of the application, are not ours.
  if not exists (
    select from pg_catalog.pg_attribute
    where attrelid = to_regclass(${quote(profiles)}) and atttypid = to_regtype('clerk_sync.version')
  ) then
    raise exception using
      errcode = 'undefined_table',
      message = 'The Clerk mirror was not uninstalled, and nothing was changed: it has other names in this database, where ${profiles} is not its own',
      hint = 'Uninstall it with the schema and the prefix that it was installed with';
  end if;
  select string_agg(version, ', ') into unknown_releases
  from clerk_sync.releases
  where version <> all (${quoteList(releases.map(({ version }) => version))});
  if unknown_releases is not null then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('The Clerk mirror was not uninstalled, and nothing was changed: the database has release %s, which this uninstall does not know', unknown_releases),
      hint = 'Uninstall it with the package of that release';
  end if;

  -- Whatever depends on the mirror would have to be dropped with it: that is not for the mirror to decide.
  select string_agg(description, ', '), string_agg(remedy || ';', ' ')
  into held, remedies
  from (
${indent(renderHoldersQuery(objects), 4)}
  ) as holder;
  if held is not null then
    raise exception using
      errcode = 'dependent_objects_still_exist',
      message = format('The Clerk mirror was not uninstalled, and nothing was changed: something of the application''s own depends on it: %s', held),
      hint = format('Run this first, then push again: %s', remedies);
  end if;

${readUnscheduling(objects)}${isPublic ? "" : readUsage(naming.schema)}${
    drops.map(dropStatement).join("\n")
  }
${isPublic ? "" : leaveSchema(naming.schema)}end;
$$;
`;
}

function dropStatement(object: MirrorObject): string {
  const { kind, schema, name, table } = object;
  const on = `${schema}.${table}`;
  switch (kind) {
    case "schema":
      return `  drop schema if exists ${name};`;
    case "function":
      return `  drop function if exists ${signature(object)};`;
    case "policy":
      return `  drop policy if exists "${name}" on ${on};`;
    case "trigger":
      return `  drop trigger if exists ${name} on ${on};`;
    case "column":
      return `  alter table if exists ${on} drop column if exists ${name};`;
    case "key":
    case "constraint":
      return `  alter table if exists ${on} drop constraint if exists ${name};`;
    case "type":
    case "table":
    case "view":
    case "index":
      return `  drop ${kind} if exists ${schema}.${name};`;
    default:
      return kind satisfies never;
  }
}

/** Jobs aren't objects of a schema: they would keep running, and fail. */
function readUnscheduling(objects: MirrorObject[]): string {
  if (!objects.some(({ kind, name }) => kind === "function" && name === "unschedule")) return "";
  return `  -- A database of an earlier release has no schedule.
  if to_regprocedure('clerk_sync.unschedule()') is not null then
    perform clerk_sync.unschedule();
  end if;

`;
}

/** The roles that the installation gave access. */
function readUsage(schema: string): string {
  return `  -- The roles to which the installation gave access to the schema ${schema}.
  select array(select jsonb_array_elements_text(detail -> 'roles')) into roles
  from clerk_sync.installation_steps
  where step = '${SCHEMA_USAGE_STEP}';

`;
}

/** A schema that the mirror created is dropped if it is empty; otherwise it belongs to the application. */
function leaveSchema(schema: string): string {
  return `
  if obj_description(to_regnamespace('${schema}'), 'pg_namespace') is distinct from ${
    quote(SCHEMA_COMMENT)
  } then
    foreach role_name in array coalesce(roles, '{}') loop
      execute format('revoke usage on schema ${schema} from %I', role_name);
    end loop;
  elsif exists (
    select from pg_catalog.pg_depend
    where refclassid = 'pg_namespace'::regclass and refobjid = to_regnamespace('${schema}')
      and deptype = 'n'
  ) then
    comment on schema ${schema} is null;
    raise notice 'The schema ${schema} stays, since other things are in it';
  else
    drop schema ${schema};
  end if;
`;
}

function indent(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}
