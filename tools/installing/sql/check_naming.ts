import { isPrefix, isSchemaName, type Naming } from "../../../functions/_shared/naming.ts";

/** Postgres silently truncates names after this many bytes. */
const LONGEST_NAME = 63;

/**
 * Characters of the longest name in the mirror, now and in later releases, so that every prefix that was
 * chosen survives an upgrade.
 */
export const LONGEST_OWN_NAME = 52;

/** Schemas of Postgres, of Supabase and its extensions, and the mirror's private one. */
const TAKEN_SCHEMAS = new Set(
  `_analytics _realtime _supavisor auth clerk_sync cron dbdev extensions graphql graphql_public
  information_schema net pgbouncer pgmq pgmq_public pgsodium pgsodium_masks pgtle realtime repack storage
  supabase_functions supabase_migrations tiger tiger_data topology vault`.split(/\s+/),
);

/** Words that Postgres parses as SQL if a schema's name stands unquoted. */
const RESERVED_WORDS = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
  case cast char character check coalesce collate collation column concurrently constraint create cross
  current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
  decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
  freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
  interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query
  json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
  localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on
  only or order out outer overlaps overlay placing position precision primary real references returning right
  row select session_user setof similar smallint some substring symmetric system_user table tablesample then
  time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when
  where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
  xmlroot xmlserialize xmltable`.split(/\s+/),
);

/**
 * Checks that the mirror can have these names.
 *
 * @throws {Error} with a sentence that says why not, and what would work.
 */
export function checkNaming({ schema, prefix }: Naming): void {
  if (!isSchemaName(schema)) {
    throw new Error(
      `"${schema}" can't be the mirror's schema: use lower-case letters, digits and underscores, ` +
        `up to ${LONGEST_NAME}, and start with a letter`,
    );
  }
  if (TAKEN_SCHEMAS.has(schema) || schema.startsWith("pg_")) {
    throw new Error(
      `"${schema}" can't be the mirror's schema, since Postgres, Supabase or the mirror itself keeps ` +
        `other things there: choose another, such as "clerk"`,
    );
  }
  if (RESERVED_WORDS.has(schema)) {
    throw new Error(
      `"${schema}" can't be the mirror's schema, since it is a word of SQL: choose another, such as "clerk"`,
    );
  }
  checkPrefix(prefix);
}

function checkPrefix(prefix: string): void {
  if (!isPrefix(prefix)) {
    throw new Error(
      `"${prefix}" can't be the mirror's prefix: use lower-case letters, digits and underscores, and ` +
        `start with a letter, as in "clerk_"`,
    );
  }
  const longest = LONGEST_NAME - LONGEST_OWN_NAME;
  if (prefix.length > longest) {
    throw new Error(
      `The prefix "${prefix}" is too long: with more than ${longest} characters, some names would have ` +
        `more than the ${LONGEST_NAME} that Postgres keeps`,
    );
  }
}
