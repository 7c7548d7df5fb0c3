import type { Naming } from "../../../functions/_shared/naming.ts";
import { checkNaming } from "./check_naming.ts";
import type { Release } from "./contents.ts";
import { listMadeObjects, type MirrorObject } from "./list_objects.ts";

/** The comment on a schema that a migration has created, by which the uninstall recognizes it. */
export const SCHEMA_COMMENT =
  "Made for the Clerk mirror, whose uninstall drops it unless something else is in it";

/**
 * In `clerk_sync.installation_steps`: the roles that a migration gave access to a schema, `{schema, roles}`.
 */
export const SCHEMA_USAGE_STEP = "schema_usage";

/** The names in `public` that a prefix changes. */
interface Names {
  /** Tables, views, functions and types: they appear with their schema, or before a column or an argument. */
  qualified: string[];
  /** Indexes and constraints, which appear on their own. */
  bare: string[];
}

/**
 * Puts the mirror's SQL under other names: everything in `public` moves to another schema, or gets a prefix.
 * This is pure text replacement, since every name in `public` is qualified wherever it appears, in dynamic
 * SQL too. The private schema stays as it is.
 *
 * @param sql All releases together, for a database that has none of them.
 * @throws {Error} if the names aren't valid, as `checkNaming` says.
 */
export function renderMigration(sql: string, naming: Naming): string {
  checkNaming(naming);
  const rendered = rename(sql, sql, naming);
  return naming.schema === "public" ? rendered : withSchema(naming.schema, rendered);
}

/**
 * Renders one release for a database that has all previous ones.
 *
 * @param releases Oldest first, with those before the one to render: their names are known in it.
 * @throws {Error} if there is no such release, or the names aren't valid.
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
 * Replaces names, and nothing else.
 *
 * @param known All SQL whose names may appear in `sql`.
 */
export function rename(sql: string, known: string, { schema, prefix }: Naming): string {
  const qualified = sql
    .replace(/\bpublic(?=(?:\.[\w%]|\\\.))(\\?\.)/g, `${schema}$1${prefix}`)
    .replace(/^(.*--.*)`public`/gm, `$1\`${schema}\``);
  return prefix === "" ? qualified : addPrefix(qualified, namesOf(known), prefix);
}

/** For names that appear without a schema. */
function addPrefix(sql: string, { qualified, bare }: Names, prefix: string): string {
  return sql
    .replace(new RegExp(`(?<![\\w.])(${bare.join("|")})\\b`, "g"), `${prefix}$1`)
    .replace(new RegExp(`(?<![\\w.'])(${qualified.join("|")})\\.(?=\\w)`, "g"), `${prefix}$1.`)
    .replace(/--.*|^comment on .*$/gm, (prose) => addPrefixToProse(prose, qualified, prefix));
}

/** Only for names that can't be mistaken for an English word; what is in double quotes is data. */
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

/** Longer ones first, so that none is mistaken for another that is its prefix. */
function pickNames(objects: MirrorObject[], kinds: MirrorObject["kind"][]): string[] {
  const names = objects.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  return [...new Set(names)].sort((a, b) => b.length - a.length);
}

/**
 * A schema that already exists belongs to the application: the API roles are given access, as far as they had
 * none, and that is recorded. It comes last, when there is a table for it.
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
