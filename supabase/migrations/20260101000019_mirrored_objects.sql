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

-- What the mirror has of the objects with these ids: `{"user_…": {"updated_at", "deleted_at"}}`,
-- nothing for an id that it has never heard of. `updated_at` is null for a placeholder, `deleted_at` for
-- what is not deleted.
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
      'updated_at', stored.updated_at,
      'deleted_at', greatest(tombstones.deleted_at, stored.deleted_at)
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
-- told the creation of come first; rows that are left of deleted objects don't come at all. No index
-- serves this order: it would slow down every event for what is read once in a while, in large pages.
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
  owner_columns text;
  objects jsonb;
begin
  perform clerk_sync.check_mirrored_table(table_name);
  select coalesce(string_agg(format(', stored.%I', ownerships.owner_column), ''), '')
  into owner_columns
  from clerk_sync.read_ownerships() as ownerships
  where ownerships.table_name = read_mirrored_objects.table_name;

  execute format(
    $sql$
    select coalesce(
      jsonb_agg(to_jsonb(page) order by coalesce(page.created_at, '-infinity'), page.id), '[]'
    )
    from (
      select stored.id, stored.created_at %s
      from public.%I as stored
      where (coalesce(stored.created_at, '-infinity'), stored.id) > ($1, $2)
        and stored.deleted_at is null
      order by coalesce(stored.created_at, '-infinity'), stored.id
      limit $3
    ) as page
    $sql$,
    owner_columns, table_name
  ) into objects using after_created_at, after_id, page_size;
  return objects;
end;
$$;

revoke execute on function public.read_mirrored_objects (text, timestamptz, text, integer) from public, anon, authenticated;
grant execute on function public.read_mirrored_objects (text, timestamptz, text, integer) to service_role;

-- The foreign keys by which rows go with those of a mirrored table, of the mirror or of the application:
-- from which table, and by which column.
create function clerk_sync.read_cascades(table_name text)
returns table (dependent regclass, owner_column text)
language sql
stable
set search_path = ''
as $$
  select keys.conrelid::regclass, columns.attname::text
  from pg_catalog.pg_constraint as keys
  join pg_catalog.pg_attribute as ids on ids.attrelid = keys.confrelid and ids.attname = 'id'
  join pg_catalog.pg_attribute as columns
    on columns.attrelid = keys.conrelid
    and columns.attnum = keys.conkey[array_position(keys.confkey, ids.attnum)]
  join pg_catalog.pg_class as tables on tables.oid = keys.conrelid
  where keys.contype = 'f'
    and keys.confdeltype = 'c'
    and keys.confrelid = to_regclass(format('public.%I', table_name))
    and tables.relnamespace <> 'clerk_sync'::regnamespace;
$$;

revoke execute on function clerk_sync.read_cascades (text) from public, anon, authenticated;
grant execute on function clerk_sync.read_cascades (text) to service_role;

-- How many rows of a table belong to these objects, and how many it has, which is an estimate for tables
-- of more than 100,000. Security definer, since the service role need not be allowed to read the tables
-- of an application: it counts, and shows nothing of them.
create function clerk_sync.count_rows(counted regclass, owner_column text, ids text[])
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  deleted_count bigint;
  row_count bigint;
begin
  execute format('select count(*) from %s where %I = any ($1)', counted, owner_column)
  into deleted_count using ids;
  execute format('select count(*) from (select from %s limit 100001) as counted', counted)
  into row_count;
  if row_count > 100000 then
    select greatest(row_count, reltuples) into row_count
    from pg_catalog.pg_class where oid = counted;
  end if;
  return jsonb_build_object('deleted', deleted_count, 'rows', row_count);
end;
$$;

revoke execute on function clerk_sync.count_rows (regclass, text, text[]) from public, anon, authenticated;
grant execute on function clerk_sync.count_rows (regclass, text, text[]) to service_role;

-- Counts before anything is deleted: `{"profiles": {"deleted", "rows"}, "session_logs": {…}, …}`, how many
-- rows of each table the deletion of these objects would remove, those included that go with them by the
-- mirror's foreign keys or the application's, and how many there are. Tables outside of `public` come
-- with their schema.
create function public.count_deletions(table_name text, ids jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  object_ids text[] := array(select jsonb_array_elements_text(ids));
  counts jsonb;
begin
  perform clerk_sync.check_mirrored_table(table_name);
  select jsonb_object_agg(
    regexp_replace(counted.dependent::text, '^public\.', ''),
    clerk_sync.count_rows(counted.dependent, counted.owner_column, object_ids)
  )
  into counts
  from (
    select to_regclass(format('public.%I', count_deletions.table_name)) as dependent, 'id' as owner_column
    union all
    select cascades.dependent, cascades.owner_column
    from clerk_sync.read_cascades(count_deletions.table_name) as cascades
  ) as counted;
  return counts;
end;
$$;

revoke execute on function public.count_deletions (text, jsonb) from public, anon, authenticated;
grant execute on function public.count_deletions (text, jsonb) to service_role;

-- Lets objects rise that Clerk has shown although they are deleted here: Clerk does not use an id again, so
-- whatever deleted them before `alive_at`, a time at which they certainly lived, was wrong. Their rows
-- and what belongs to them are to be written again by whoever has read them. Returns how many rose: a
-- deletion from after that time stands.
create function public.unbury_objects(table_name text, ids jsonb, alive_at timestamptz)
returns integer
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  object_ids text[] := array(select jsonb_array_elements_text(ids) order by 1);
  risen_ids text[];
  ownership record;
begin
  perform clerk_sync.check_mirrored_table(table_name);
  perform clerk_sync.lock_objects('{}', object_ids);

  insert into clerk_sync.sightings as stored (object_id, alive_at)
  select unnest(object_ids), unbury_objects.alive_at
  on conflict (object_id) do update set alive_at = excluded.alive_at
  where stored.alive_at < excluded.alive_at;

  delete from clerk_sync.tombstones
  using clerk_sync.sightings
  where tombstones.object_id = any (object_ids)
    and sightings.object_id = tombstones.object_id
    and sightings.alive_at > tombstones.deleted_at;

  -- What was erased in place stays out of sight until it is written again, but now it can be.
  select coalesce(array_agg(risen.id), '{}')
  into risen_ids
  from unnest(object_ids) as risen (id)
  where not exists (select from clerk_sync.tombstones where tombstones.object_id = risen.id);
  execute format(
    'update public.%I set version = row(''-infinity'', ''-infinity'', '''') where id = any ($1) and deleted_at is not null',
    table_name
  ) using risen_ids;
  for ownership in
    select * from clerk_sync.read_ownerships() as ownerships
    where ownerships.owner_table = unbury_objects.table_name
  loop
    execute format(
      'update public.%I set version = row(''-infinity'', ''-infinity'', '''') where %I = any ($1) and deleted_at is not null',
      ownership.table_name, ownership.owner_column
    ) using risen_ids;
  end loop;
  return cardinality(risen_ids);
end;
$$;

revoke execute on function public.unbury_objects (text, jsonb, timestamptz) from public, anon, authenticated;
grant execute on function public.unbury_objects (text, jsonb, timestamptz) to service_role;

-- Removes rows of deleted objects that the application has let go since: a page of those that were erased
-- in place, in the order of their tables and ids. Returns `{"removed", "held", "last": {"table_name",
-- "object_id"}}`; `last` is null when there are no more.
create function public.prune_erased_rows(
  after_table_name text default '',
  after_object_id text default '',
  page_size integer default 500
)
returns jsonb
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  page clerk_sync.erased_rows[];
  erased clerk_sync.erased_rows;
  is_erased boolean;
  removed integer := 0;
  held integer := 0;
begin
  page := array(
    select erased_rows
    from clerk_sync.erased_rows
    where (table_name, object_id) > (after_table_name, after_object_id)
    order by table_name, object_id
    limit page_size
  );
  perform clerk_sync.lock_objects('{}', array(select object_id from unnest(page)));

  foreach erased in array page loop
    execute format(
      'select exists (select from public.%I where id = $1 and deleted_at is not null)',
      erased.table_name
    ) into is_erased using erased.object_id;
    if is_erased and not clerk_sync.try_to_delete_rows(erased.table_name, array[erased.object_id]) then
      held := held + 1;
      continue;
    end if;

    -- Gone now, gone already, or risen and written again.
    removed := removed + is_erased::integer;
    delete from clerk_sync.erased_rows
    where table_name = erased.table_name and object_id = erased.object_id;
  end loop;
  return jsonb_build_object(
    'removed', removed,
    'held', held,
    'last', case when cardinality(page) = page_size then to_jsonb(page[cardinality(page)]) end
  );
end;
$$;

revoke execute on function public.prune_erased_rows (text, text, integer) from public, anon, authenticated;
grant execute on function public.prune_erased_rows (text, text, integer) to service_role;
