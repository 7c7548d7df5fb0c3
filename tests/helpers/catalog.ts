/** What a database has, as lines of text that can be compared. */
import postgres from "postgres";
import type { Naming } from "../../functions/_shared/naming.ts";

/** Schemas that are Postgres's own, or keep which migrations have run. */
const OTHER_SCHEMAS =
  `array['pg_catalog', 'information_schema', 'pg_toast', 'supabase_migrations']`;

/** Privileges, sorted, the built-in ones written out: `null` means those. */
const grants = (acl: string, kind: string, owner: string) => `
  (select string_agg(
    case grantee when 0 then 'public' else grantee::regrole::text end || ':' || privilege_type
      || case when is_grantable then '*' else '' end,
    ' ' order by grantee::regrole::text, privilege_type
  ) from aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))))`;

/** Each gives rows of one column of text. */
const QUERIES = [
  `select format('schema %s, owner %s, grants %s, comment %s', nspname, nspowner::regrole,
    ${grants("nspacl", "n", "nspowner")}, obj_description(pg_namespace.oid, 'pg_namespace'))
  from pg_namespace where not is_other(nspname)`,
  `select format('relation %s, kind %s, owner %s, options %s, rls %s %s, replica %s, storage %s, grants %s, comment %s',
    pg_class.oid::regclass, relkind, relowner::regrole, reloptions, relrowsecurity, relforcerowsecurity,
    relreplident, relpersistence, ${grants("relacl", "r", "relowner")},
    obj_description(pg_class.oid, 'pg_class'))
  from pg_class where not is_other(relnamespace::regnamespace::text) and relkind <> 't'`,
  `select format('column %s.%s %s: %s, not null %s, default %s, generated %s, identity %s, collation %s, grants %s, comment %s',
    attrelid::regclass, row_number() over (partition by attrelid order by attnum), attname,
    format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attgenerated,
    attidentity, nullif(attcollation, 0)::regcollation, attacl, col_description(attrelid, attnum))
  from pg_attribute
  join pg_class on pg_class.oid = attrelid
  left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where not is_other(relnamespace::regnamespace::text) and relkind <> 't'
    and attnum > 0 and not attisdropped`,
  `select format('constraint %s on %s: %s, comment %s', conname, conrelid::regclass,
    pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
  from pg_constraint where not is_other(connamespace::regnamespace::text)`,
  `select format('index %s', pg_get_indexdef(indexrelid))
  from pg_index join pg_class on pg_class.oid = indexrelid
  where not is_other(relnamespace::regnamespace::text)`,
  `select format('function %s, owner %s, grants %s, comment %s', pg_get_functiondef(oid), proowner::regrole,
    ${grants("proacl", "f", "proowner")}, obj_description(oid, 'pg_proc'))
  from pg_proc where not is_other(pronamespace::regnamespace::text) and prokind <> 'a'`,
  `select format('type %s, kind %s, owner %s, grants %s, comment %s', pg_type.oid::regtype, typtype,
    typowner::regrole, ${grants("typacl", "T", "typowner")}, obj_description(oid, 'pg_type'))
  from pg_type where not is_other(typnamespace::regnamespace::text)`,
  `select format('view %s: %s', oid::regclass, pg_get_viewdef(oid))
  from pg_class where not is_other(relnamespace::regnamespace::text) and relkind in ('v', 'm')`,
  `select format('policy %s on %s.%s: %s, for %s to %s, using %s, check %s', policyname, schemaname,
    tablename, permissive, cmd, roles, qual, with_check)
  from pg_policies`,
  `select format('trigger %s', pg_get_triggerdef(pg_trigger.oid))
  from pg_trigger where not tgisinternal`,
  `select format('default privileges of %s in %s for %s: %s', defaclrole::regrole,
    nullif(defaclnamespace, 0)::regnamespace, defaclobjtype, defaclacl)
  from pg_default_acl`,
  `select format('extension %s', extname) from pg_extension`,
  `select format('publication %s of %s', pubname, prrelid::regclass)
  from pg_publication left join pg_publication_rel on prpubid = pg_publication.oid`,
  `select format('role %s: %s', rolname, rolconfig) from pg_roles where rolname !~ '^pg_'`,
  `select format('database settings of role %s: %s', setrole, setconfig) from pg_db_role_setting`,
];

/** Reads the whole catalog, sorted: names with their schemas, built-in privileges written out. */
export async function readCatalog(databaseUrl: string): Promise<string[]> {
  const sql = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { search_path: "pg_catalog" },
  });
  try {
    const lines: string[] = [];
    for (const query of QUERIES) {
      const isOther = query.replace(
        /is_other\(([^()]*(?:\([^()]*\))?[^()]*)\)/g,
        (_, name) => `(${name} = any (${OTHER_SCHEMAS}) or ${name} like 'pg\\_%')`,
      );
      lines.push(...(await sql.unsafe(isOther).values()).map(([line]) => String(line)));
    }
    return lines.sort();
  } finally {
    await sql.end();
  }
}

/** Puts the repository's names in the place of others, and leaves out the schema itself. */
export function mapNames(catalog: string[], { schema, prefix }: Naming): string[] {
  const renamed = catalog.filter((line) =>
    schema === "public" || !line.startsWith(`schema ${schema},`)
  )
    .map((line) =>
      line.replace(new RegExp(`\\b${schema}(?=\\\\?\\.|\`)`, "g"), "public")
        .replaceAll(prefix === "" ? /(?!)/g : new RegExp(`\\b${prefix}(?!sync\\b)`, "g"), "")
    );
  return renamed.sort();
}

/** What the second catalog lacks, and what it has besides. */
export function compareCatalogs(
  before: string[],
  after: string[],
): { gone: string[]; new: string[] } {
  return {
    gone: before.filter((line) => !after.includes(line)),
    new: after.filter((line) => !before.includes(line)),
  };
}
