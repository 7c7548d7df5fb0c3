-- Mirrored objects: what a reconciliation reads of every table alike. Dynamic SQL, since the table is
-- an argument; its name is checked against the mirrored tables, those of `public` that have a version.

create function clerk_sync.check_mirrored_table(table_name text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if not exists (
    select from pg_catalog.pg_attribute
    where attrelid = to_regclass(format('public.%I', table_name))
      and atttypid = 'clerk_sync.version'::regtype
      and attname = 'version'
  ) then
    raise exception using
      errcode = 'undefined_table', message = format('"%s" is not a mirrored table', table_name);
  end if;
end;
$$;

revoke execute on function clerk_sync.check_mirrored_table (text) from public, anon, authenticated;
grant execute on function clerk_sync.check_mirrored_table (text) to service_role;

-- What the mirror has of the objects with these ids: `{"user_…": {"updated_at", "is_deleted"}}`,
-- nothing for an id that it has never heard of. `updated_at` is null for a placeholder.
create function public.read_mirrored_versions(table_name text, ids jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  versions jsonb;
begin
  perform clerk_sync.check_mirrored_table(table_name);
  execute format(
    $sql$
    select coalesce(jsonb_object_agg(asked.id, jsonb_build_object(
      'updated_at', stored.updated_at, 'is_deleted', tombstones.object_id is not null
    )), '{}')
    from jsonb_array_elements_text($1) as asked (id)
    left join public.%I as stored on stored.id = asked.id
    left join clerk_sync.tombstones on tombstones.object_id = asked.id
    where stored.id is not null or tombstones.object_id is not null
    $sql$,
    table_name
  ) into versions using ids;
  return versions;
end;
$$;

revoke execute on function public.read_mirrored_versions (text, jsonb) from public, anon, authenticated;
grant execute on function public.read_mirrored_versions (text, jsonb) to service_role;

-- A page of a table's rows in the order of their creation, as JSON, so that the API's limit on rows
-- does not count: `[{"id", "created_at", "organization_id", "user_id"}]`. Placeholders that nobody has
-- told the creation of come first. No index serves this order: it would slow down every event for what
-- is read once in a while, in large pages.
create function public.read_mirrored_objects(
  table_name text,
  after_created_at timestamptz default '-infinity',
  after_id text default '',
  page_size integer default 10000
)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  objects jsonb;
begin
  perform clerk_sync.check_mirrored_table(table_name);
  execute format(
    $sql$
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', page.id,
      'created_at', page.created_at,
      'organization_id', to_jsonb(page) ->> 'organization_id',
      'user_id', to_jsonb(page) ->> 'user_id'
    ) order by coalesce(page.created_at, '-infinity'), page.id), '[]')
    from (
      select * from public.%I as stored
      where (coalesce(stored.created_at, '-infinity'), stored.id) > ($1, $2)
      order by coalesce(stored.created_at, '-infinity'), stored.id
      limit $3
    ) as page
    $sql$,
    table_name
  ) into objects using after_created_at, after_id, page_size;
  return objects;
end;
$$;

revoke execute on function public.read_mirrored_objects (text, timestamptz, text, integer) from public, anon, authenticated;
grant execute on function public.read_mirrored_objects (text, timestamptz, text, integer) to service_role;
