-- Tombstones: the ids of deleted objects, and nothing else about them. Clerk does not reuse ids, so
-- a tombstone is final: what comes later for its id is stale.

create table clerk_sync.tombstones (
  object_id text not null,
  deleted_at timestamptz not null,
  constraint tombstones_pkey primary key (object_id)
);

comment on table clerk_sync.tombstones is 'Ids of deleted Clerk objects, kept so that a late event brings none of them back';

alter table clerk_sync.tombstones enable row level security;
revoke all on clerk_sync.tombstones from anon, authenticated;
grant select, insert, update, delete on clerk_sync.tombstones to service_role;

create policy "The service role manages tombstones" on clerk_sync.tombstones
for all to service_role using (true) with check (true);

-- Records that an object is deleted and erases its data from the dead letters and
-- the outbox. Returns whether this was
-- news. Of several deletes of one object the earliest time stays, in whatever order they come.
create function clerk_sync.bury_object(object_id text, webhook jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  deletion_time timestamptz := coalesce((webhook ->> 'occurred_at')::timestamptz, now());
  is_news boolean;
begin
  insert into clerk_sync.tombstones (object_id, deleted_at)
  values (bury_object.object_id, deletion_time)
  on conflict on constraint tombstones_pkey do nothing;
  is_news := found;

  if not is_news then
    update clerk_sync.tombstones
    set deleted_at = deletion_time
    where tombstones.object_id = bury_object.object_id and tombstones.deleted_at > deletion_time;
  end if;

  delete from clerk_sync.dead_letters where owner_ids @> array[bury_object.object_id];
  delete from clerk_sync.outbox
  where outbox.object_id = bury_object.object_id and event_type not like '%.deleted';
  return is_news;
end;
$$;

revoke execute on function clerk_sync.bury_object (text, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.bury_object (text, jsonb) to service_role;
