import type { Naming } from "../../../functions/_shared/naming.ts";
import { checkNaming } from "./check_naming.ts";
import type { Release } from "./contents.ts";
import { listMadeObjects, type MirrorObject } from "./list_objects.ts";

/** The comment on a schema that a migration has made, by which the uninstall knows it. */
export const SCHEMA_COMMENT =
  "Made for the Clerk mirror, whose uninstall drops it unless something else is in it";

/** In `clerk_sync.installation_steps`: the roles that a migration let into a schema, `{schema, roles}`. */
export const SCHEMA_USAGE_STEP = "schema_usage";

/** The names in `public` that a prefix changes. */
interface Names {
  /** Tables, views, functions and types: they stand with their schema, or before a column or an argument. */
  qualified: string[];
  /** Indexes and constraints, which stand by themselves. */
  bare: string[];
}

/**
 * Puts the mirror's SQL under other names: what is in `public` moves into another schema, or gets a prefix.
 * Purely by text, since every name of `public` is qualified wherever it stands, also in dynamic SQL. The
 * private schema stays as it is.
 *
 * @param sql All releases together, for a database that has none of them.
 * @throws {Error} if nothing can be called so, as `checkNaming` says.
 */
export function renderMigration(sql: string, naming: Naming): string {
  checkNaming(naming);
  const rendered = rename(sql, sql, naming);
  return naming.schema === "public" ? rendered : withSchema(naming.schema, rendered);
}

/**
 * Renders one release for a database that has all those before it.
 *
 * @param releases Oldest first, with those before the one to render: their names are known in it.
 * @throws {Error} if there is no such release, or nothing can be called so.
 */
export function renderRelease(releases: Release[], version: string, naming: Naming): string {
  const index = releases.findIndex((release) => release.version === version);
  const release = releases[index];
  if (release === undefined) throw new Error(`There is no release "${version}"`);
  if (index === 0) return renderMigration(release.sql, naming);
  checkNaming(naming);
  const known = releases.slice(0, index + 1).map(({ sql }) => sql).join("\n");
  return rename(release.sql, known, naming);
}

/**
 * Puts names in, and nothing else.
 *
 * @param known All SQL whose names may come up in `sql`.
 */
export function rename(sql: string, known: string, { schema, prefix }: Naming): string {
  const qualified = sql
    .replace(/\bpublic(?=(?:\.[\w%]|\\\.))(\\?\.)/g, `${schema}$1${prefix}`)
    .replace(/^(.*--.*)`public`/gm, `$1\`${schema}\``);
  return prefix === "" ? qualified : addPrefix(qualified, namesOf(known), prefix);
}

/** To what stands without a schema. */
function addPrefix(sql: string, { qualified, bare }: Names, prefix: string): string {
  return sql
    .replace(new RegExp(`(?<![\\w.])(${bare.join("|")})\\b`, "g"), `${prefix}$1`)
    .replace(new RegExp(`(?<![\\w.'])(${qualified.join("|")})\\.(?=\\w)`, "g"), `${prefix}$1.`)
    .replace(/--.*|^comment on .*$/gm, (prose) => addPrefixToProse(prose, qualified, prefix));
}

/** Only to what can't be taken for an English word; what is in double quotes is data. */
function addPrefixToProse(prose: string, names: string[], prefix: string): string {
  const telling = names.filter((name) => name.includes("_"));
  return prose.replace(
    new RegExp(`(?<![\\w."])(${telling.join("|")})\\b(?!\\.)`, "g"),
    `${prefix}$1`,
  );
}

function namesOf(sql: string): Names {
  const own = listMadeObjects(sql).filter(({ schema }) => schema === "public");
  return {
    qualified: pickNames(own, ["table", "view", "function", "type"]),
    bare: pickNames(own, ["index", "key", "constraint"]),
  };
}

/** Longer ones first, so that none is taken for another that it begins with. */
function pickNames(objects: MirrorObject[], kinds: MirrorObject["kind"][]): string[] {
  const names = objects.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  return [...new Set(names)].sort((a, b) => b.length - a.length);
}

/**
 * A schema that is there already is somebody's own: the roles of the API are let in, as far as they were
 * not, which is written down. That comes last, when there is a table for it.
 */
function withSchema(schema: string, sql: string): string {
  return `-- What the API shows of the mirror. An existing schema is used, and never dropped.

do $$
begin
  if to_regnamespace('${schema}') is null then
    create schema ${schema};
    comment on schema ${schema} is '${SCHEMA_COMMENT}';
  end if;
end;
$$;

${sql}
-- Whoever calls the API may look into the schema. Which roles could not before is written down, so that
-- an uninstall takes back just that.

do $$
declare
  role_name text;
  admitted text[] := '{}';
begin
  foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
    if not has_schema_privilege(role_name, '${schema}', 'usage') then
      execute format('grant usage on schema ${schema} to %I', role_name);
      admitted := admitted || role_name;
    end if;
  end loop;
  if admitted <> '{}' then
    insert into clerk_sync.installation_steps (step, detail)
    values ('${SCHEMA_USAGE_STEP}', jsonb_build_object('schema', '${schema}', 'roles', admitted));
  end if;
end;
$$;
`;
}
