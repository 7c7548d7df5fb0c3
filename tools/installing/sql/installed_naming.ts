/**
 * What the mirror is called in a database, as SQL: a row of `schema` and `prefix`, or none if it isn't there.
 * It is found by the function that returns its release, whatever that is called.
 */
export const INSTALLED_NAMING = `
    select nspname as schema, left(proname, -length('read_release')) as prefix
    from pg_catalog.pg_proc
    join pg_catalog.pg_namespace on pg_namespace.oid = pronamespace
    where proname like '%read\\_release' and prosrc like '%clerk_sync.releases%'
    order by nspname, proname
    limit 1`;
