-- Tombstones: the ids of deleted objects, and nothing else about them. Clerk does not reuse ids, so
-- what comes later for a deleted id is stale: until Clerk itself shows the object again, which proves
-- every earlier deletion wrong.

create table clerk_sync.tombstones (
  object_id text not null,
  -- The latest, where an object was deleted more than once.
  deleted_at timestamptz not null,
  constraint tombstones_pkey primary key (object_id)
);

comment on table clerk_sync.tombstones is 'Ids of deleted Clerk objects, kept so that a late event brings none of them back';

alter table clerk_sync.tombstones enable row level security;
revoke all on clerk_sync.tombstones from anon, authenticated;
grant select, insert, update, delete on clerk_sync.tombstones to service_role;

create policy "The service role manages tombstones" on clerk_sync.tombstones
for all to service_role using (true) with check (true);

-- Objects that a reconciliation found in Clerk although they had a tombstone: until when they certainly
-- lived. A deletion from before that time is wrong, in whatever order the two come.
create table clerk_sync.sightings (
  object_id text not null,
  alive_at timestamptz not null,
  constraint sightings_pkey primary key (object_id)
);

comment on table clerk_sync.sightings is 'Ids of Clerk objects whose deletion has turned out to be wrong, and until when they certainly lived';

alter table clerk_sync.sightings enable row level security;
revoke all on clerk_sync.sightings from anon, authenticated;
grant select, insert, update, delete on clerk_sync.sightings to service_role;

create policy "The service role manages sightings" on clerk_sync.sightings
for all to service_role using (true) with check (true);

-- Rows of deleted objects that a foreign key of the application's holds: nothing but the id is left of
-- them, and they go once they are let go.
create table clerk_sync.erased_rows (
  table_name text not null,
  object_id text not null,
  constraint erased_rows_pkey primary key (table_name, object_id)
);

comment on table clerk_sync.erased_rows is 'Rows of deleted objects that foreign keys of the application hold, until prune_erased_rows() can remove them';

alter table clerk_sync.erased_rows enable row level security;
revoke all on clerk_sync.erased_rows from anon, authenticated;
grant select, insert, update, delete on clerk_sync.erased_rows to service_role;

create policy "The service role manages erased rows" on clerk_sync.erased_rows
for all to service_role using (true) with check (true);

-- Which rows belong to which: the foreign keys between mirrored tables, those that have a version.
create function clerk_sync.read_ownerships()
returns table (table_name text, owner_column text, owner_table text)
language sql
stable
set search_path = ''
as $$
  with mirrored as (
    select tables.oid, regexp_replace(tables.oid::regclass::text, '^public\.', '') as name
    from pg_catalog.pg_class as tables
    join pg_catalog.pg_attribute as versions on versions.attrelid = tables.oid
    where tables.relkind = 'r'
      and tables.oid::regclass::text ~ '^public\.'
      and versions.attname = 'version'
      and versions.atttypid = 'clerk_sync.version'::regtype
  )
  select mirrored.name, columns.attname::text, owners.name
  from pg_catalog.pg_constraint as keys
  join mirrored on mirrored.oid = keys.conrelid
  join mirrored as owners on owners.oid = keys.confrelid
  join pg_catalog.pg_attribute as columns
    on columns.attrelid = keys.conrelid and columns.attnum = keys.conkey[1]
  where keys.contype = 'f'
  order by 1, 2;
$$;

revoke execute on function clerk_sync.read_ownerships () from public, anon, authenticated;
grant execute on function clerk_sync.read_ownerships () to service_role;

-- Removes rows, or returns false and changes nothing where a foreign key of the application's holds one
-- of them, or one that would go with it: by itself, or by what it would do to a row that may not be so.
-- Deferred keys have their say now rather than at the commit. False, too, where a trigger of the
-- application's has called a deletion off without a word.
create function clerk_sync.try_to_delete_rows(table_name text, ids text[])
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  is_left boolean;
begin
  execute format('delete from public.%I where id = any ($1)', table_name) using ids;
  set constraints all immediate;
  execute format('select exists (select from public.%I where id = any ($1))', table_name)
  into is_left using ids;
  return not is_left;
exception
  when integrity_constraint_violation then
    return false;
end;
$$;

revoke execute on function clerk_sync.try_to_delete_rows (text, text[]) from public, anon, authenticated;
grant execute on function clerk_sync.try_to_delete_rows (text, text[]) to service_role;

-- Removes rows of deleted objects with all that belongs to them. A row that the application holds on to
-- is erased in place, and what belongs to it is removed or erased likewise: the application's foreign
-- key keeps an id, never anybody's data. Columns that the application has added stay as they are.
create function clerk_sync.remove_rows(table_name text, ids text[], deleted_at timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
declare
  half integer := cardinality(ids) / 2;
  ownership record;
  dependent_ids text[];
  stored jsonb;
begin
  if clerk_sync.try_to_delete_rows(table_name, ids) then
    return;
  end if;

  -- Halves are tried until the rows are found that are held.
  if half > 0 then
    perform clerk_sync.remove_rows(table_name, ids[:half], deleted_at);
    perform clerk_sync.remove_rows(table_name, ids[half + 1:], deleted_at);
    return;
  end if;

  for ownership in
    select * from clerk_sync.read_ownerships() as ownerships
    where ownerships.owner_table = remove_rows.table_name
  loop
    execute format(
      'select array_agg(id order by id) from public.%I where %I = $1',
      ownership.table_name, ownership.owner_column
    ) into dependent_ids using ids[1];
    if dependent_ids is not null then
      perform clerk_sync.remove_rows(ownership.table_name, dependent_ids, deleted_at);
    end if;
  end loop;

  -- Who owns a row stays, as its id does: by that it goes when its owner goes.
  execute format('select to_jsonb(stored) from public.%I as stored where id = $1', table_name)
  into stored using ids[1];
  execute format('select clerk_sync.%I ($1, null)', 'write_' || table_name) using jsonb_build_array(
    jsonb_build_object('id', ids[1], 'deleted_at', deleted_at) || coalesce(
      (
        select jsonb_object_agg(ownerships.owner_column, stored -> ownerships.owner_column)
        from clerk_sync.read_ownerships() as ownerships
        where ownerships.table_name = remove_rows.table_name
      ),
      '{}'
    )
  );
  -- Of several deletions the latest time stays, in whatever order they come.
  execute format(
    'update public.%I set deleted_at = $2 where id = $1 and deleted_at < $2', table_name
  ) using ids[1], deleted_at;
  delete from clerk_sync.refreshes where refreshes.user_id = ids[1];
  insert into clerk_sync.erased_rows (table_name, object_id) values (remove_rows.table_name, ids[1])
  on conflict on constraint erased_rows_pkey do nothing;
end;
$$;

revoke execute on function clerk_sync.remove_rows (text, text[], timestamptz) from public, anon, authenticated;
grant execute on function clerk_sync.remove_rows (text, text[], timestamptz) to service_role;

-- Deletes an object: its row goes or is erased, its data is erased from the dead letters and the outbox,
-- and its id gets a tombstone. Returns whether this was news. A deletion from before a time at which
-- Clerk has shown the object changes nothing.
create function clerk_sync.delete_object(table_name text, object_id text, webhook jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  deletion_time timestamptz := coalesce(
    (webhook ->> 'occurred_at')::timestamptz, (webhook ->> 'read_at')::timestamptz, now()
  );
  is_news boolean;
begin
  if exists (
    select from clerk_sync.sightings
    where sightings.object_id = delete_object.object_id and sightings.alive_at > deletion_time
  ) then
    return false;
  end if;

  perform clerk_sync.remove_rows(table_name, array[object_id], deletion_time);

  insert into clerk_sync.tombstones (object_id, deleted_at)
  values (delete_object.object_id, deletion_time)
  on conflict on constraint tombstones_pkey do nothing;
  is_news := found;
  if not is_news then
    update clerk_sync.tombstones
    set deleted_at = deletion_time
    where tombstones.object_id = delete_object.object_id and tombstones.deleted_at < deletion_time;
  end if;

  delete from clerk_sync.dead_letters where owner_ids @> array[delete_object.object_id];
  delete from clerk_sync.outbox
  where outbox.object_id = delete_object.object_id and event_type not like '%.deleted';
  return is_news;
end;
$$;

revoke execute on function clerk_sync.delete_object (text, text, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.delete_object (text, text, jsonb) to service_role;
