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

-- Claims a webhook: the first statement of every call. False for a duplicate. Of two concurrent
-- deliveries the second waits here, then sees the first's commit (duplicate) or rollback (claims).
-- A backfill has no webhook and claims nothing.
create function clerk_sync.claim_webhook(webhook jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if webhook is null then
    return true;
  end if;

  insert into clerk_sync.webhook_events (id, type, object_id, occurred_at)
  values (
    webhook ->> 'id',
    webhook ->> 'type',
    webhook ->> 'object_id',
    (webhook ->> 'occurred_at')::timestamptz
  )
  on conflict (id) do nothing;
  if not found then
    return false;
  end if;

  delete from clerk_sync.dead_letters where webhook_id = webhook ->> 'id';

  -- Bounds the ledger without a scheduler: the key is time-ordered, so its low end is what expires
  -- first. More rows go than come; rows that another call is deleting are left to it.
  delete from clerk_sync.webhook_events
  where id in (
    select oldest.id
    from (
      select webhook_events.id
      from clerk_sync.webhook_events
      order by webhook_events.id
      limit 4
    ) as candidates
    join clerk_sync.webhook_events as oldest on oldest.id = candidates.id
    where oldest.received_at < now() - clerk_sync.ledger_retention()
    for update of oldest skip locked
  );
  return true;
end;
$$;

revoke execute on function clerk_sync.claim_webhook (jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.claim_webhook (jsonb) to service_role;

-- Ends a call: asks for the effects of the webhook, and names the outcome, `applied` when the object's
-- point moved up, `stale` when it did not. The ledger says `applied` from the claim on, so that only
-- the rarer outcome costs a second write.
create function clerk_sync.conclude_webhook(webhook jsonb, has_moved boolean)
returns text
language plpgsql
set search_path = ''
as $$
begin
  if webhook is not null then
    perform clerk_sync.enqueue_effects(webhook);
  end if;

  if has_moved then
    return 'applied';
  end if;

  update clerk_sync.webhook_events set outcome = 'stale' where id = webhook ->> 'id';
  return 'stale';
end;
$$;

revoke execute on function clerk_sync.conclude_webhook (jsonb, boolean) from public, anon, authenticated;
grant execute on function clerk_sync.conclude_webhook (jsonb, boolean) to service_role;
