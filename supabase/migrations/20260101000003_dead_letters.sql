-- Dead letters: verified events that could not be applied as they were, redacted, kept for replay.

create table clerk_sync.dead_letters (
  webhook_id text collate "C" not null,
  type text not null,
  reason text not null,
  -- The objects whose deletion erases this letter: the event's own object and its parents.
  owner_ids text[] not null,
  payload jsonb not null,
  attempts integer not null default 1,
  first_failed_at timestamptz not null default now(),
  last_failed_at timestamptz not null default now(),
  constraint dead_letters_pkey primary key (webhook_id)
);

comment on table clerk_sync.dead_letters is 'Verified events that could not be applied, redacted, with the reason and the number of attempts';

-- Serves the erasure of a deleted object's letters.
create index dead_letters_owner_ids_idx on clerk_sync.dead_letters using gin (owner_ids);

alter table clerk_sync.dead_letters enable row level security;
revoke all on clerk_sync.dead_letters from anon, authenticated;
grant select, insert, update, delete on clerk_sync.dead_letters to service_role;

create policy "The service role manages dead letters" on clerk_sync.dead_letters
for all to service_role using (true) with check (true);

-- Keeps a dead letter: `{"webhook_id", "type", "instance_id", "reason", "owner_ids", "payload"}`. Nothing
-- is kept of an event that has been applied meanwhile (`duplicate`), that belongs to a deleted object
-- (`stale`) or to another Clerk instance (`ignored`).
create function public.keep_dead_letter(dead_letter jsonb)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  incoming clerk_sync.dead_letters := jsonb_populate_record(null::clerk_sync.dead_letters, dead_letter);
begin
  if dead_letter ->> 'instance_id' is not null then
    if not clerk_sync.is_mirrored_instance(
      dead_letter || jsonb_build_object('id', incoming.webhook_id)
    ) then
      return 'ignored';
    end if;
  end if;

  perform clerk_sync.lock_objects(array[
    (select jsonb_agg(jsonb_build_object('id', owner_id)) from unnest(incoming.owner_ids) as owner_id)
  ]);

  if exists (select from clerk_sync.webhook_events where id = incoming.webhook_id) then
    return 'duplicate';
  end if;

  if exists (select from clerk_sync.tombstones where object_id = any (incoming.owner_ids)) then
    delete from clerk_sync.dead_letters where webhook_id = incoming.webhook_id;
    return 'stale';
  end if;

  insert into clerk_sync.dead_letters as stored (webhook_id, type, reason, owner_ids, payload)
  values (incoming.webhook_id, incoming.type, incoming.reason, incoming.owner_ids, incoming.payload)
  on conflict (webhook_id) do update set
    type = excluded.type,
    reason = excluded.reason,
    owner_ids = excluded.owner_ids,
    payload = excluded.payload,
    attempts = stored.attempts + 1,
    last_failed_at = now();
  return 'dead_lettered';
end;
$$;

revoke execute on function public.keep_dead_letter (jsonb) from public, anon, authenticated;
grant execute on function public.keep_dead_letter (jsonb) to service_role;

-- A page of dead letters in the order of their webhooks, for whoever lists and replays them.
create function public.read_dead_letters(after_webhook_id text default '', page_size integer default 100)
returns table (
  webhook_id text,
  type text,
  reason text,
  attempts integer,
  first_failed_at timestamptz,
  last_failed_at timestamptz,
  payload jsonb
)
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select
    letters.webhook_id, letters.type, letters.reason, letters.attempts, letters.first_failed_at,
    letters.last_failed_at, letters.payload
  from clerk_sync.dead_letters as letters
  where letters.webhook_id > after_webhook_id
  order by letters.webhook_id
  limit page_size;
$$;

revoke execute on function public.read_dead_letters (text, integer) from public, anon, authenticated;
grant execute on function public.read_dead_letters (text, integer) to service_role;
