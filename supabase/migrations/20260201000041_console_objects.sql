-- Objects as the console shows them: found by what people remember about them, with everything that belongs
-- to them.

-- The mirrored tables, those that have a version, by the mirror's own names.
create function clerk_sync.read_mirrored_tables()
returns table (table_name text)
language sql
stable
set search_path = ''
as $$
  select regexp_replace(tables.oid::regclass::text, '^public\.', '')
  from pg_catalog.pg_class as tables
  join pg_catalog.pg_attribute as versions on versions.attrelid = tables.oid
  where tables.relkind = 'r'
    and tables.oid::regclass::text ~ '^public\.'
    and versions.attname = 'version'
    and versions.atttypid = 'clerk_sync.version'::regtype
  -- Users and organizations first: they are what people look for.
  order by
    case tables.oid
      when 'public.profiles'::regclass then 1
      when 'public.organizations'::regclass then 2
      else 3
    end,
    1;
$$;

revoke execute on function clerk_sync.read_mirrored_tables () from public, anon, authenticated;
grant execute on function clerk_sync.read_mirrored_tables () to service_role;

-- How to recognize an object: `{"table", "id", "label", "state"}`, from a row as JSON. The state is `full`,
-- `placeholder` (only known from other objects so far) or `erased` (deleted, but held by a foreign key).
create function clerk_sync.describe_row(table_name text, stored jsonb)
returns jsonb
language sql
stable
returns null on null input
set search_path = ''
return jsonb_build_object(
  'table', table_name,
  'id', stored -> 'id',
  'label', coalesce(
    nullif(concat_ws(' ', stored ->> 'first_name', stored ->> 'last_name'), ''),
    stored ->> 'name', stored ->> 'email', stored ->> 'email_address', stored ->> 'username',
    stored ->> 'identifier', stored ->> 'slug', stored ->> 'plan_name', stored ->> 'phone_number'
  ),
  'state', case
    when stored ->> 'deleted_at' is not null then 'erased'
    when stored -> 'version' ->> 'updated_at' = '-infinity' then 'placeholder'
    else 'full'
  end
);

revoke execute on function clerk_sync.describe_row (text, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.describe_row (text, jsonb) to service_role;

-- The row of an object as JSON; null if there is none.
create function clerk_sync.read_row(table_name text, object_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  found_row jsonb;
begin
  execute format('select to_jsonb(stored) from public.%I as stored where id = $1', table_name)
  into found_row using object_id;
  return found_row;
end;
$$;

revoke execute on function clerk_sync.read_row (text, text) from public, anon, authenticated;
grant execute on function clerk_sync.read_row (text, text) to service_role;

-- A deleted object of which only the tombstone is left; null if there is none. The tombstone doesn't name the
-- table, but Clerk's ids do.
create function clerk_sync.describe_tombstone(object_id text)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'table', coalesce(
      (
        select prefixes.table_name
        from (
          values
            ('user_', 'profiles'), ('org_', 'organizations'), ('orgmem_', 'organization_memberships'),
            ('orginv_', 'organization_invitations'), ('orgdmn_', 'organization_domains'),
            ('role_', 'organization_roles'), ('perm_', 'organization_permissions'),
            ('wle_', 'waitlist_entries')
        ) as prefixes (prefix, table_name)
        where starts_with(tombstones.object_id, prefixes.prefix)
      ),
      ''
    ),
    'id', tombstones.object_id,
    'label', null,
    'state', 'deleted'
  )
  from clerk_sync.tombstones
  where tombstones.object_id = describe_tombstone.object_id;
$$;

revoke execute on function clerk_sync.describe_tombstone (text) from public, anon, authenticated;
grant execute on function clerk_sync.describe_tombstone (text) to service_role;

-- Which rows of a table begin with a text, in any of the columns that people remember: a condition on
-- `stored` for a lower-case pattern `$1`.
create function clerk_sync.search_condition(table_name text)
returns text
language sql
stable
set search_path = ''
as $$
  select string_agg(format('lower(stored.%I) like $1', columns.attname), ' or ')
    || case
      when count(*) filter (where columns.attname in ('first_name', 'last_name')) = 2
        then ' or lower(concat_ws('' '', stored.first_name, stored.last_name)) like $1'
      else ''
    end
  from pg_catalog.pg_attribute as columns
  where columns.attrelid = to_regclass(format('public.%I', search_condition.table_name))
    and columns.attname in (
      'id', 'external_id', 'email', 'email_address', 'username', 'phone_number', 'first_name', 'last_name',
      'name', 'slug', 'identifier', 'key'
    );
$$;

revoke execute on function clerk_sync.search_condition (text) from public, anon, authenticated;
grant execute on function clerk_sync.search_condition (text) to service_role;

-- Finds objects by their id, or by the beginning of an id, an email address or a name, ignoring case:
-- `{"objects": [{"table", "id", "label", "state"}], "is_cut"}`, at most 50, exact ids first, then those with
-- the latest ids. There is no index for this: it would slow down every event for an occasional query. So
-- tables are read from their latest ids backwards, and the search stops after three seconds (`is_cut`).
create function public.find_objects(query text)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
set jit = off
as $$
declare
  most_objects constant integer := 50;
  page_size constant integer := 5000;
  deadline constant timestamptz := clock_timestamp() + interval '3 seconds';
  sought constant text := btrim(query);
  pattern constant text := regexp_replace(lower(sought), '([\\%_])', '\\\1', 'g') || '%';
  objects jsonb := '[]'::jsonb;
  mirrored text;
  first_id text;
  row_count integer;
  matches jsonb;
begin
  if sought = '' then
    return jsonb_build_object('objects', objects, 'is_cut', false);
  end if;

  for mirrored in select * from clerk_sync.read_mirrored_tables() loop
    objects := objects || coalesce(
      clerk_sync.describe_row(mirrored, clerk_sync.read_row(mirrored, sought)), '[]'
    );
  end loop;
  if objects = '[]' then
    objects := objects || coalesce(clerk_sync.describe_tombstone(sought), '[]');
  end if;

  for mirrored in select * from clerk_sync.read_mirrored_tables() loop
    first_id := null;
    loop
      execute format(
        $sql$
        select
          (array_agg(stored.id order by stored.id))[1] as first_id,
          count(*) as count,
          coalesce(
            jsonb_agg(to_jsonb(stored) order by stored.id desc) filter (where (%1$s) and stored.id <> $2), '[]'
          ) as matches
        from (select * from public.%2$I %3$s order by id desc limit $4) as stored
        $sql$,
        clerk_sync.search_condition(mirrored),
        mirrored,
        case when first_id is null then '' else 'where id < $3' end
      ) into first_id, row_count, matches using pattern, sought, first_id, page_size;
      objects := objects || (
        select coalesce(jsonb_agg(clerk_sync.describe_row(mirrored, found.item)), '[]')
        from jsonb_array_elements(matches) with ordinality as found (item, place)
        where found.place <= most_objects - jsonb_array_length(objects)
      );
      exit when row_count < page_size;
      if jsonb_array_length(objects) >= most_objects or clock_timestamp() > deadline then
        return jsonb_build_object('objects', objects, 'is_cut', true);
      end if;
    end loop;
    if jsonb_array_length(objects) >= most_objects then
      return jsonb_build_object('objects', objects, 'is_cut', true);
    end if;
  end loop;
  return jsonb_build_object('objects', objects, 'is_cut', false);
end;
$$;

revoke execute on function public.find_objects (text) from public, anon, authenticated;
grant execute on function public.find_objects (text) to service_role;

-- What belongs to an object through one foreign key: `{"table", "count", "objects"}`, the first 20 with the
-- latest ids, and how many there are, counted up to 10,000.
create function clerk_sync.read_belongings(dependent_table text, owner_column text, owner_id text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  belongings jsonb;
begin
  execute format(
    $sql$
    select jsonb_build_object(
      'table', $1,
      'count', (
        select count(*) from (select from public.%1$I where %2$I = $2 limit 10000) as counted
      ),
      'objects', (
        select coalesce(
          jsonb_agg(clerk_sync.describe_row($1, to_jsonb(stored)) order by stored.id desc), '[]'
        )
        from (select * from public.%1$I where %2$I = $2 order by id desc limit 20) as stored
      )
    )
    $sql$,
    dependent_table, owner_column
  ) into belongings using dependent_table, owner_id;
  return belongings;
end;
$$;

revoke execute on function clerk_sync.read_belongings (text, text, text) from public, anon, authenticated;
grant execute on function clerk_sync.read_belongings (text, text, text) to service_role;

-- Everything that the mirror knows about an object except its events: what `find_objects()` returns for it,
-- and `{"row", "version": {"updated_at", "occurred_at", "webhook_id"}, "tombstone": {"deleted_at"}, "owners":
-- […], "belongings": [{"table", "count", "objects"}]}`. Null if it has never heard of it.
create function public.read_object(object_id text, table_name text default null)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  mirrored text;
  stored jsonb;
begin
  for mirrored in
    select tables.table_name
    from clerk_sync.read_mirrored_tables() as tables
    where read_object.table_name is null or tables.table_name = read_object.table_name
  loop
    stored := clerk_sync.read_row(mirrored, object_id);
    exit when stored is not null;
  end loop;

  -- Null if there is no tombstone either.
  return coalesce(
    clerk_sync.describe_row(mirrored, stored), clerk_sync.describe_tombstone(object_id)
  ) || jsonb_build_object(
    'row', stored - 'version',
    'version', case when stored is not null then jsonb_build_object(
      'updated_at', nullif(stored -> 'version' ->> 'updated_at', '-infinity'),
      'occurred_at', nullif(stored -> 'version' ->> 'occurred_at', '-infinity'),
      'webhook_id', stored -> 'version' ->> 'webhook_id'
    ) end,
    'tombstone', (
      select jsonb_build_object('deleted_at', tombstones.deleted_at)
      from clerk_sync.tombstones
      where tombstones.object_id = read_object.object_id
    ),
    'owners', (
      select coalesce(jsonb_agg(owners.described order by owners.owner_table), '[]')
      from (
        select
          ownerships.owner_table,
          clerk_sync.describe_row(
            ownerships.owner_table,
            clerk_sync.read_row(ownerships.owner_table, stored ->> ownerships.owner_column)
          ) as described
        from clerk_sync.read_ownerships() as ownerships
        where ownerships.table_name = mirrored
      ) as owners
      where owners.described is not null
    ),
    'belongings', (
      select coalesce(
        jsonb_agg(
          clerk_sync.read_belongings(
            ownerships.table_name, ownerships.owner_column, read_object.object_id
          )
          order by ownerships.table_name
        ),
        '[]'
      )
      from clerk_sync.read_ownerships() as ownerships
      where ownerships.owner_table = mirrored and stored is not null
    )
  );
end;
$$;

revoke execute on function public.read_object (text, text) from public, anon, authenticated;
grant execute on function public.read_object (text, text) to service_role;
