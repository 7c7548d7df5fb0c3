-- The ledger: one row for every webhook that was processed. Its key decides what a duplicate is.

create table clerk_sync.webhook_events (
  -- Svix ids are time-ordered in byte order: only under "C" does the index stay append-mostly.
  id text collate "C" not null,
  type text not null,
  object_id text not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null default now(),
  outcome text not null default 'applied',
  constraint webhook_events_pkey primary key (id),
  constraint webhook_events_outcome_check check (outcome in ('applied', 'stale'))
);

comment on table clerk_sync.webhook_events is 'Webhooks that were processed, without their payload';

alter table clerk_sync.webhook_events enable row level security;
revoke all on clerk_sync.webhook_events from anon, authenticated;
grant select, insert, update, delete on clerk_sync.webhook_events to service_role;

create policy "The service role manages the ledger" on clerk_sync.webhook_events
for all to service_role using (true) with check (true);

-- How long the ledger remembers a webhook. Svix replays up to 90 days back; what comes even later is
-- still guarded by versions and tombstones.
create function clerk_sync.ledger_retention()
returns interval
language sql
immutable
set search_path = ''
return interval '90 days';

revoke execute on function clerk_sync.ledger_retention () from public, anon, authenticated;
grant execute on function clerk_sync.ledger_retention () to service_role;

-- Deletes a few rows of the ledger that are older than its retention, if there are any: the key is
-- time-ordered, so its low end is what expires first. Rows that another call is deleting are left to it.
--
-- A session remembers until when nothing expires, and where the ledger began: index entries of deleted
-- rows stay in the way until the next vacuum. Sessions of the API live for half an hour, so that a late
-- webhook with an old id is found by the next one.
create function clerk_sync.expire_webhook_events()
returns void
language plpgsql
set search_path = ''
-- A plan made while the ledger is small is kept while it grows: only the key may be read.
set enable_seqscan = off
as $$
declare
  expired_before timestamptz := now() - clerk_sync.ledger_retention();
  oldest_ids text[];
  oldest_at timestamptz;
begin
  select array_agg(oldest.id), min(oldest.received_at)
  into oldest_ids, oldest_at
  from (
    select webhook_events.id, webhook_events.received_at
    from clerk_sync.webhook_events
    where webhook_events.id >= coalesce(current_setting('clerk_sync.ledger_begins_at', true), '')
    order by webhook_events.id
    limit 2
  ) as oldest;

  if oldest_at < expired_before then
    delete from clerk_sync.webhook_events
    where id = any (array(
      select expired.id
      from clerk_sync.webhook_events as expired
      where expired.id = any (oldest_ids) and expired.received_at < expired_before
      for update skip locked
    ));
  end if;

  -- What comes is received later: nothing expires before the oldest of these.
  perform set_config('clerk_sync.ledger_begins_at', oldest_ids[1], false);
  perform set_config(
    'clerk_sync.ledger_expires_at',
    extract(epoch from oldest_at + clerk_sync.ledger_retention())::text,
    false
  );
end;
$$;

revoke execute on function clerk_sync.expire_webhook_events () from public, anon, authenticated;
grant execute on function clerk_sync.expire_webhook_events () to service_role;

-- Begins a call: claims its webhook, then locks the objects that it touches. Of two concurrent
-- deliveries the second waits here, then sees the first's commit (duplicate) or rollback (claims).
-- A backfill or reconciliation has no webhook and claims nothing: `{"read_at"}` at most, the time at
-- which it asked. Returns `duplicate`, `ignored` for the webhook of another Clerk instance, `claimed`, or
-- `awaited` where effects listen to the event.
create function clerk_sync.begin_call(
  webhook jsonb,
  shared_rows jsonb[],
  exclusive_ids text[] default '{}'
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  claim text := 'claimed';
  has_dead_letter boolean;
  mirrored_instance_id text;
begin
  if webhook ? 'id' then
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at)
    values (
      webhook ->> 'id',
      webhook ->> 'type',
      webhook ->> 'object_id',
      (webhook ->> 'occurred_at')::timestamptz
    )
    on conflict (id) do nothing
    returning
      case
        when exists (
          select from clerk_sync.effects
          where effects.event_type = webhook_events.type and effects.is_enabled
        ) then 'awaited'
        else 'claimed'
      end,
      exists (
        select from clerk_sync.dead_letters where dead_letters.webhook_id = webhook_events.id
      ),
      (select instance_id from clerk_sync.mirrored_instance)
    into claim, has_dead_letter, mirrored_instance_id;
    if not found then
      return 'duplicate';
    end if;

    if webhook ->> 'instance_id' <> coalesce(mirrored_instance_id, '') then
      if not clerk_sync.is_mirrored_instance(webhook) then
        -- Not claimed: should the mirror be moved to that instance, the webhook can be sent again.
        delete from clerk_sync.webhook_events where id = webhook ->> 'id';
        return 'ignored';
      end if;
    end if;

    if has_dead_letter then
      delete from clerk_sync.dead_letters where webhook_id = webhook ->> 'id';
    end if;

    -- Bounds the ledger without a scheduler: more rows go than come. Each session remembers until
    -- when there is nothing to do.
    if extract(epoch from now()) > coalesce(
      nullif(current_setting('clerk_sync.ledger_expires_at', true), '')::numeric, 0
    ) then
      perform clerk_sync.expire_webhook_events();
    end if;
  end if;

  return case when clerk_sync.lock_objects(shared_rows, exclusive_ids) then claim end;
end;
$$;

revoke execute on function clerk_sync.begin_call (jsonb, jsonb[], text[]) from public, anon, authenticated;
grant execute on function clerk_sync.begin_call (jsonb, jsonb[], text[]) to service_role;

-- Ends a call: asks for the effects of the webhook, and names the outcome, `applied` when the object's
-- point moved up, `stale` when it did not. The ledger says `applied` from the claim on, so that only
-- the rarer outcome costs a second write.
create function clerk_sync.end_call(claim text, webhook jsonb, has_moved boolean)
returns text
language plpgsql
set search_path = ''
as $$
begin
  if claim = 'awaited' then
    perform clerk_sync.enqueue_effects(webhook);
  end if;

  if has_moved then
    return 'applied';
  end if;

  update clerk_sync.webhook_events set outcome = 'stale' where id = webhook ->> 'id';
  return 'stale';
end;
$$;

revoke execute on function clerk_sync.end_call (text, jsonb, boolean) from public, anon, authenticated;
grant execute on function clerk_sync.end_call (text, jsonb, boolean) to service_role;
