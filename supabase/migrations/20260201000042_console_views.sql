-- "View as": tables as a user sees them, so that a policy can be checked by looking.

-- The tables and views that a user could reach, in the API's schemas: `[{"schema", "table", "is_mirrored",
-- "has_row_level_security"}]`, at most 500. A view has row level security if it runs with its caller's
-- rights.
--
-- The database may not know what its API exposes. If the caller doesn't say, and there is no such setting,
-- this takes all schemas that signed-in users have access to, except the platform's own.
create function public.read_visible_tables(schemas text[] default null)
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  with exposed as (
    select namespaces.oid, namespaces.nspname::text as name
    from pg_catalog.pg_namespace as namespaces
    where case
      when coalesce(schemas, string_to_array(nullif(current_setting('pgrst.db_schemas', true), ''), ',')) is not null
        then namespaces.nspname = any (
          select btrim(names.name)
          from unnest(
            coalesce(schemas, string_to_array(current_setting('pgrst.db_schemas', true), ','))
          ) as names (name)
        )
      else namespaces.nspname !~ '^pg_'
        and namespaces.nspname not in (
          'information_schema', 'auth', 'clerk_sync', 'cron', 'extensions', 'graphql', 'graphql_public', 'net',
          'pgbouncer', 'pgmq', 'pgsodium', 'realtime', 'storage', 'supabase_functions', 'supabase_migrations',
          'vault'
        )
        and has_schema_privilege('authenticated', namespaces.oid, 'usage')
    end
  )
  select coalesce(
    jsonb_agg(to_jsonb(page) order by page.is_mirrored desc, page.schema, page.table), '[]'
  )
  from (
    select
      exposed.name as schema,
      tables.relname::text as table,
      exists (
        select from pg_catalog.pg_attribute as versions
        where versions.attrelid = tables.oid
          and versions.attname = 'version'
          and versions.atttypid = 'clerk_sync.version'::regtype
      ) or tables.oid in (
        'public.profile_identifiers'::regclass, 'public.session_states'::regclass,
        'public.organization_invitation_states'::regclass
      ) as is_mirrored,
      case
        when tables.relkind = 'v'
          then coalesce(tables.reloptions && array['security_invoker=true', 'security_invoker=on'], false)
        else tables.relrowsecurity
      end as has_row_level_security
    from pg_catalog.pg_class as tables
    join exposed on exposed.oid = tables.relnamespace
    -- Foreign tables are left out: reading one would contact another server.
    where tables.relkind in ('r', 'p', 'v', 'm')
      and not tables.relispartition
      -- What an extension has created isn't a matter of the application's policies.
      and not exists (
        select from pg_catalog.pg_depend as links
        where links.classid = 'pg_catalog.pg_class'::regclass
          and links.objid = tables.oid
          and links.deptype = 'e'
      )
    order by 3 desc, 1, 2
    limit 500
  ) as page;
$$;

revoke execute on function public.read_visible_tables (text[]) from public, anon, authenticated;
grant execute on function public.read_visible_tables (text[]) to service_role;

-- Part of a table as its caller sees it: `{"count", "is_at_least", "rows"}`, counted up to 10,000. Only
-- columns that the caller may read are included.
--
-- Security definer, owned by `authenticated`: so it runs under the policies for signed-in users. A function
-- can't switch roles with `set role`, and the role of the API's secret key isn't a member of that one.
create function clerk_sync.read_as_authenticated(table_schema text, table_name text, page_size integer)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewed constant text := format('%I.%I', table_schema, table_name);
  most_counted constant integer := 10000;
  columns text;
  row_count integer;
  page jsonb;
begin
  select coalesce(string_agg(format('viewed.%I', attname), ', ' order by attnum), 'viewed.*')
  into columns
  from pg_catalog.pg_attribute
  where attrelid = viewed::regclass
    and attnum > 0
    and not attisdropped
    and has_column_privilege(attrelid, attnum, 'select');
  execute format(
    'select coalesce(jsonb_agg(to_jsonb(page)), ''[]'') from (select %s from %s as viewed limit $1) as page',
    columns, viewed
  ) into page using page_size;
  execute format('select count(*) from (select from %s limit $1) as counted', viewed)
  into row_count using most_counted + 1;
  return jsonb_build_object(
    'count', least(row_count, most_counted), 'is_at_least', row_count > most_counted, 'rows', page
  );
end;
$$;

-- The new owner of a function must be allowed to create in its schema at that moment.
grant create on schema clerk_sync to authenticated;
alter function clerk_sync.read_as_authenticated (text, text, integer) owner to authenticated;
revoke create on schema clerk_sync from authenticated;

revoke execute on function clerk_sync.read_as_authenticated (text, text, integer) from public, anon, authenticated;
grant execute on function clerk_sync.read_as_authenticated (text, text, integer) to service_role;

-- How many rows a table has, which is an estimate above 10,000. Security definer, since the service role may
-- not be allowed to read an application's tables: it counts rows, and reveals nothing about them.
create function clerk_sync.count_all_rows(table_schema text, table_name text)
returns bigint
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  counted constant regclass := format('%I.%I', table_schema, table_name);
  row_count bigint;
  estimate bigint := (select reltuples::bigint from pg_catalog.pg_class where oid = counted);
begin
  execute format('select count(*) from (select from %s limit 10001) as counted', counted) into row_count;
  return case when row_count > 10000 then greatest(row_count, estimate) else row_count end;
exception
  -- The owner of the mirror may not read it either.
  when insufficient_privilege then
    return greatest(estimate, 0);
end;
$$;

revoke execute on function clerk_sync.count_all_rows (text, text) from public, anon, authenticated;
grant execute on function clerk_sync.count_all_rows (text, text) to service_role;

-- A table as a user sees it under row level security, next to how many rows it has: `{"visible": {"count",
-- "is_at_least", "rows"}, "total"}`, or `{"visible": {"error"}, …}` if it is refused. For policies, the user
-- is signed in with a session without an organization. From then on the transaction is read-only, whatever
-- policies call.
create function public.read_as_user(
  user_id text,
  table_schema text,
  table_name text,
  page_size integer default 20
)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  own_claims constant text := current_setting('request.jwt.claims', true);
  own_claim constant text := current_setting('request.jwt.claim', true);
  visible jsonb;
  total bigint := clerk_sync.count_all_rows(table_schema, table_name);
begin
  perform set_config('transaction_read_only', 'on', true);
  begin
    perform set_config('request.jwt.claim', '', true);
    perform set_config(
      'request.jwt.claims', jsonb_build_object('sub', user_id, 'role', 'authenticated')::text, true
    );
    visible := clerk_sync.read_as_authenticated(
      table_schema, table_name, least(greatest(page_size, 0), 100)
    );
  exception
    -- Any error in a policy is an error for the user too.
    when others then
      visible := jsonb_build_object('error', sqlerrm);
  end;
  perform set_config('request.jwt.claim', coalesce(own_claim, ''), true);
  perform set_config('request.jwt.claims', coalesce(own_claims, ''), true);
  return jsonb_build_object('visible', visible, 'total', total);
end;
$$;

revoke execute on function public.read_as_user (text, text, text, integer) from public, anon, authenticated;
grant execute on function public.read_as_user (text, text, text, integer) to service_role;
