-- The outbox: side effects that events ask for, written in the transaction that claims the event, so
-- that each is asked for exactly once. Rows carry ids and times, no personal data: the worker reads
-- what it needs when it runs.

-- Which handlers listen to which event types. Nothing is written for types that nobody listens to.
create table clerk_sync.effects (
  event_type text not null,
  handler text not null,
  -- Null until a worker comes that can run it, which switches it on; off by somebody's word alone.
  is_enabled boolean,
  constraint effects_pkey primary key (event_type, handler)
);

comment on table clerk_sync.effects is 'Which effect handlers listen to which event types';

alter table clerk_sync.effects enable row level security;
revoke all on clerk_sync.effects from anon, authenticated;
grant select, insert, update, delete on clerk_sync.effects to service_role;

create policy "The service role manages effects" on clerk_sync.effects
for all to service_role using (true) with check (true);

insert into clerk_sync.effects (event_type, handler)
values ('user.created', 'welcome_email'), ('user.deleted', 'clean_up_user_data');

create table clerk_sync.outbox (
  id bigint not null generated always as identity,
  webhook_id text collate "C" not null,
  event_type text not null,
  handler text not null,
  object_id text not null,
  occurred_at timestamptz not null,
  enqueued_at timestamptz not null default now(),
  attempts integer not null default 0,
  -- When the row may be taken (again): now, after a backoff, or when a worker's lease runs out.
  due_at timestamptz not null default now(),
  -- Whoever took the row last; only he may conclude it.
  lease uuid,
  -- Set after the last attempt: the row waits for somebody to look at it.
  parked_at timestamptz,
  last_error text,
  constraint outbox_pkey primary key (id),
  constraint outbox_webhook_id_handler_key unique (webhook_id, handler)
);

comment on table clerk_sync.outbox is 'Side effects that are still to be run, or were given up';

-- Serves `take_effects()`: what is due first.
create index outbox_due_at_idx on clerk_sync.outbox (due_at) where parked_at is null;
-- Serves the erasure of a deleted object's effects.
create index outbox_object_id_idx on clerk_sync.outbox (object_id);

alter table clerk_sync.outbox enable row level security;
revoke all on clerk_sync.outbox from anon, authenticated;
grant select, insert, update, delete on clerk_sync.outbox to service_role;

create policy "The service role manages the outbox" on clerk_sync.outbox
for all to service_role using (true) with check (true);

-- Asks for the effects of a webhook. They hang on its claim, not on its outcome: a user.created that
-- comes after its user.updated is stale, and still welcomes the user, once. A deleted object asks for
-- none but those of its deletion.
create function clerk_sync.enqueue_effects(webhook jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into clerk_sync.outbox (webhook_id, event_type, handler, object_id, occurred_at)
  select
    webhook ->> 'id', effects.event_type, effects.handler, webhook ->> 'object_id',
    (webhook ->> 'occurred_at')::timestamptz
  from clerk_sync.effects
  where effects.event_type = webhook ->> 'type'
    and effects.is_enabled
    and (
      webhook ->> 'type' like '%.deleted'
      or not exists (
        select from clerk_sync.tombstones where tombstones.object_id = webhook ->> 'object_id'
      )
    );
end;
$$;

revoke execute on function clerk_sync.enqueue_effects (jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.enqueue_effects (jsonb) to service_role;

-- Tells which handlers a worker can run: they are on from then on, unless somebody has switched them
-- off. What it does not name stays as it is, for a worker that can.
create function public.register_effects(handlers text[])
returns void
language sql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
  update clerk_sync.effects
  set is_enabled = true
  where effects.is_enabled is null and effects.handler = any (handlers);
$$;

revoke execute on function public.register_effects (text[]) from public, anon, authenticated;
grant execute on function public.register_effects (text[]) to service_role;

-- Switches handlers on or off by somebody's word, which no worker overrules. What is enqueued of one that
-- is off stays until it is on again; nothing is added. Returns those handlers that there are.
create function public.switch_effects(handlers text[], is_on boolean)
returns text[]
language sql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
  with switched as (
    update clerk_sync.effects
    set is_enabled = is_on
    where effects.handler = any (handlers)
    returning effects.handler
  )
  select coalesce(array_agg(distinct switched.handler), '{}') from switched;
$$;

revoke execute on function public.switch_effects (text[], boolean) from public, anon, authenticated;
grant execute on function public.switch_effects (text[], boolean) to service_role;

-- What stands in the outbox by handler: how many are due and since when, so that what nobody takes shows,
-- and how many are parked. `is_enabled` is null where no worker has come that can run the handler.
create function public.read_effects()
returns table (
  handler text,
  is_enabled boolean,
  due_count bigint,
  due_since timestamptz,
  parked_count bigint
)
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select
    known.handler,
    bool_or(known.is_enabled),
    coalesce(max(queued.due_count), 0),
    max(queued.due_since),
    coalesce(max(queued.parked_count), 0)
  from clerk_sync.effects as known
  left join (
    select
      outbox.handler,
      count(*) filter (where outbox.parked_at is null and outbox.due_at <= now()) as due_count,
      min(outbox.due_at) filter (where outbox.parked_at is null and outbox.due_at <= now()) as due_since,
      count(*) filter (where outbox.parked_at is not null) as parked_count
    from clerk_sync.outbox
    group by outbox.handler
  ) as queued on queued.handler = known.handler
  group by known.handler
  order by known.handler;
$$;

revoke execute on function public.read_effects () from public, anon, authenticated;
grant execute on function public.read_effects () to service_role;

-- Takes effects that are due, each for one worker alone until its lease runs out: whoever has crashed
-- by then has lost it to the next.
create function public.take_effects(handlers text[], batch_size integer, lease_seconds integer)
returns table (
  id bigint,
  lease uuid,
  webhook_id text,
  event_type text,
  handler text,
  object_id text,
  occurred_at timestamptz,
  attempts integer
)
language sql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
  update clerk_sync.outbox as taken
  set
    attempts = taken.attempts + 1,
    lease = gen_random_uuid(),
    due_at = now() + make_interval(secs => lease_seconds)
  where taken.id in (
    select due.id
    from clerk_sync.outbox as due
    where due.parked_at is null
      and due.due_at <= now()
      and due.handler = any (handlers)
      and not exists (
        select from clerk_sync.effects
        where effects.event_type = due.event_type
          and effects.handler = due.handler
          and not effects.is_enabled
      )
    order by due.due_at
    limit batch_size
    for update skip locked
  )
  returning
    taken.id, taken.lease, taken.webhook_id, taken.event_type, taken.handler, taken.object_id,
    taken.occurred_at, taken.attempts;
$$;

revoke execute on function public.take_effects (text[], integer, integer) from public, anon, authenticated;
grant execute on function public.take_effects (text[], integer, integer) to service_role;

-- Concludes an effect that was run. False if the lease ran out and somebody else took it.
create function public.complete_effect(effect_id bigint, effect_lease uuid)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  delete from clerk_sync.outbox where id = effect_id and lease = effect_lease;
  return found;
end;
$$;

revoke execute on function public.complete_effect (bigint, uuid) from public, anon, authenticated;
grant execute on function public.complete_effect (bigint, uuid) to service_role;

-- Puts an effect that failed off, or parks it where no delay is given.
create function public.fail_effect(
  effect_id bigint,
  effect_lease uuid,
  reason text,
  delay_seconds double precision default null
)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  update clerk_sync.outbox
  set
    lease = null,
    last_error = reason,
    due_at = now() + make_interval(secs => coalesce(delay_seconds, 0)),
    parked_at = case when delay_seconds is null then now() end
  where id = effect_id and lease = effect_lease;
  return found;
end;
$$;

revoke execute on function public.fail_effect (bigint, uuid, text, double precision) from public, anon, authenticated;
grant execute on function public.fail_effect (bigint, uuid, text, double precision) to service_role;
