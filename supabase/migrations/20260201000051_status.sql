-- Status: how the mirror is doing, in one query that costs the same however large the mirror has grown. In
-- tables that grow, it only looks at part of the rows: the 10,000 that came last, or have waited longest, by
-- an index. If there are more, it says "at least".

-- Duplicates, per five minutes: they leave no row in the ledger.
create table clerk_sync.duplicate_counts (
  id bigint not null generated always as identity,
  began_at timestamptz not null default date_bin('5 minutes', now(), '2000-01-01T00:00:00Z'),
  delivery_count bigint not null default 1,
  constraint duplicate_counts_pkey primary key (id)
);

comment on table clerk_sync.duplicate_counts is 'How many duplicates arrived recently, in steps of five minutes: one row, or several if many arrived at once';

alter table clerk_sync.duplicate_counts enable row level security;
revoke all on clerk_sync.duplicate_counts from anon, authenticated;
grant select, insert, update, delete on clerk_sync.duplicate_counts to service_role;

create policy "The service role manages duplicate counts" on clerk_sync.duplicate_counts
for all to service_role using (true) with check (true);

-- Counts a duplicate. It never waits: if another call has locked the row of these five minutes, there will be
-- a second one. Counts older than two days are removed when one is added.
create function clerk_sync.count_duplicate()
returns void
language plpgsql
set search_path = ''
as $$
declare
  period constant timestamptz := date_bin('5 minutes', now(), '2000-01-01T00:00:00Z');
begin
  update clerk_sync.duplicate_counts
  set delivery_count = delivery_count + 1
  where id = (
    select free.id
    from clerk_sync.duplicate_counts as free
    where free.began_at = period
    limit 1
    for update skip locked
  );
  if found then
    return;
  end if;

  insert into clerk_sync.duplicate_counts (began_at) values (period);
  delete from clerk_sync.duplicate_counts
  where id = any (array(
    select old.id
    from clerk_sync.duplicate_counts as old
    where old.began_at < now() - interval '2 days'
    for update skip locked
  ));
end;
$$;

revoke execute on function clerk_sync.count_duplicate () from public, anon, authenticated;
grant execute on function clerk_sync.count_duplicate () to service_role;

-- Serves the count of parked effects. Other rows pay nothing for it.
create index outbox_handler_parked_idx on clerk_sync.outbox (handler) where parked_at is not null;

-- What follows is `language sql`, which is planned again on each call, for the tables' current sizes.

-- The ledger, and what arrived recently. Webhook ids are time-ordered, so its high end is what came last: an
-- event pays for neither a second index nor a count. If webhooks were resent weeks later, those beyond the
-- last 10,000 ids are left out. Returns `{"last_webhook", "last_hour", "last_day", "ledger"}` as in
-- `public.read_status()`.
create function clerk_sync.measure_ledger()
returns jsonb
language sql
stable
set search_path = ''
as $$
  with latest as materialized (
    select type, occurred_at, received_at, outcome
    from clerk_sync.webhook_events
    order by id desc
    limit 10000
  ),
  latest_letters as materialized (
    select type, first_failed_at, last_failed_at
    from clerk_sync.dead_letters
    order by webhook_id desc
    limit 10000
  ),
  seen as (
    select
      (select count(*) from latest) as row_count,
      (select min(received_at) from latest) as oldest_at,
      (select count(*) from latest_letters) as letter_count,
      (select min(first_failed_at) from latest_letters) as oldest_letter_at
  ),
  periods as (
    select
      name,
      jsonb_build_object(
        'applied', (
          select count(*) from latest where received_at >= begins_at and outcome = 'applied'
        ),
        'stale', (
          select count(*) from latest where received_at >= begins_at and outcome = 'stale'
        ),
        'duplicate', (
          select coalesce(sum(delivery_count), 0)
          from clerk_sync.duplicate_counts
          where began_at >= begins_at
        ),
        'dead_lettered', (
          select count(*) from latest_letters where first_failed_at >= begins_at
        ),
        'is_at_least', coalesce(
          (row_count = 10000 and oldest_at >= begins_at)
            or (letter_count = 10000 and oldest_letter_at >= begins_at),
          false
        )
      ) as counts
    from seen, (
      values ('last_hour', now() - interval '1 hour'), ('last_day', now() - interval '1 day')
    ) as period (name, begins_at)
  )
  select jsonb_build_object(
    'last_webhook', (
      select to_jsonb(last_one)
      from (
        select received_at, occurred_at, type, outcome from latest
        union all
        select last_failed_at, null, type, 'dead_lettered' from latest_letters
        order by received_at desc
        limit 1
      ) as last_one
    ),
    'last_hour', (select counts from periods where name = 'last_hour'),
    'last_day', (select counts from periods where name = 'last_day'),
    'ledger', (
      select jsonb_build_object(
        'rows', case
          when row_count < 10000 then row_count
          else greatest(row_count, (
            select reltuples::bigint
            from pg_catalog.pg_class
            where oid = 'clerk_sync.webhook_events'::regclass
          ))
        end,
        'bytes', pg_total_relation_size('clerk_sync.webhook_events'),
        -- For a large one, as Postgres last sampled it: the low end of the key is where rows expire, and
        -- deleted entries stay in the way there until the next vacuum.
        'oldest_received_at', case
          when row_count < 10000 then oldest_at
          else (
            select (histogram_bounds::text::timestamptz[])[1]
            from pg_catalog.pg_stats
            where schemaname = 'clerk_sync' and tablename = 'webhook_events' and attname = 'received_at'
          )
        end
      )
      from seen
    )
  );
$$;

revoke execute on function clerk_sync.measure_ledger () from public, anon, authenticated;

-- The dead letters: `{"count", "is_at_least", "oldest_received_at", "reasons": {reason: count}}`, at most ten
-- reasons. Messages from Postgres may contain values, so only their SQLSTATE is used.
create function clerk_sync.measure_dead_letters()
returns jsonb
language sql
stable
set search_path = ''
as $$
  with letters as materialized (
    select
      first_failed_at,
      case when reason ~ '^[0-9A-Z]{5}: ' then left(reason, 5) else left(reason, 300) end as reason
    from clerk_sync.dead_letters
    order by webhook_id
    limit 10000
  ),
  reasons as (
    select reason, count(*) as letter_count
    from letters
    group by reason
    order by letter_count desc, reason
    limit 10
  )
  select jsonb_build_object(
    'count', (select count(*) from letters),
    'is_at_least', (select count(*) = 10000 from letters),
    'oldest_received_at', (select min(first_failed_at) from letters),
    'reasons', (select coalesce(jsonb_object_agg(reason, letter_count), '{}') from reasons)
  );
$$;

revoke execute on function clerk_sync.measure_dead_letters () from public, anon, authenticated;

-- What is in the outbox, by handler: `[{"handler", "is_enabled", "due_count", "due_since", "late_count",
-- "parked_count", "is_at_least"}]`. Late is what has been due for ten minutes: a worker that is woken, or
-- runs every minute, has taken it by then. Effects that are switched off are never late.
create function clerk_sync.measure_effects()
returns jsonb
language sql
stable
set search_path = ''
as $$
  with known as (
    select handler, bool_or(is_enabled) as is_enabled
    from clerk_sync.effects
    group by handler
  ),
  due as materialized (
    select handler, due_at
    from clerk_sync.outbox
    where parked_at is null and due_at <= now()
    order by due_at
    limit 10000
  ),
  parked as materialized (
    select handler from clerk_sync.outbox where parked_at is not null limit 10000
  ),
  queued as (
    select handler, due_at, false as is_parked from due
    union all
    select handler, null, true from parked
  ),
  counted as (
    select
      handler,
      count(due_at) as due_count,
      min(due_at) as due_since,
      count(*) filter (where due_at <= now() - interval '10 minutes') as late_count,
      count(*) filter (where is_parked) as parked_count
    from queued
    group by handler
  ),
  seen as (
    select
      (select count(*) = 10000 from due) or (select count(*) = 10000 from parked) as is_at_least
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'handler', handler,
    'is_enabled', known.is_enabled,
    'due_count', coalesce(counted.due_count, 0),
    'due_since', counted.due_since,
    'late_count', case when known.is_enabled is false then 0 else coalesce(counted.late_count, 0) end,
    'parked_count', coalesce(counted.parked_count, 0),
    'is_at_least', seen.is_at_least
  ) order by handler), '[]')
  from known
  full join counted using (handler)
  cross join seen;
$$;

revoke execute on function clerk_sync.measure_effects () from public, anon, authenticated;

-- The runs: `{"open", "last_reconcile", "last_backfill", "last_reconciled_at"}`. The last ones are those that
-- ended, by success or failure; `last_reconciled_at` is when one last succeeded.
create function clerk_sync.measure_runs()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'open', (select clerk_sync.show_run(runs) from clerk_sync.runs where runs.state = 'open'),
    'last_reconcile', (
      select clerk_sync.show_run(runs)
      from clerk_sync.runs
      where runs.kind = 'reconcile' and runs.state <> 'open'
      order by runs.id desc
      limit 1
    ),
    'last_backfill', (
      select clerk_sync.show_run(runs)
      from clerk_sync.runs
      where runs.kind = 'backfill' and runs.state <> 'open'
      order by runs.id desc
      limit 1
    ),
    'last_reconciled_at', (
      select max(runs.ended_at)
      from clerk_sync.runs
      where runs.kind = 'reconcile' and runs.state = 'done'
    )
  );
$$;

revoke execute on function clerk_sync.measure_runs () from public, anon, authenticated;

-- All of it. Security definer, so that a monitor's role can be given the status and nothing else: it names no
-- person, and takes no argument.
create function clerk_sync.measure_status()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'now', clock_timestamp(),
    'release', public.read_release() -> 'version',
    'dead_letters', clerk_sync.measure_dead_letters(),
    'effects', clerk_sync.measure_effects(),
    'runs', clerk_sync.measure_runs(),
    'backfill_cursors', (
      select coalesce(jsonb_agg(to_jsonb(cursors) - 'last_position' order by cursors.resource), '[]')
      from clerk_sync.backfill_cursors as cursors
    ),
    'instance', public.read_instance(),
    'schedule', clerk_sync.read_schedule()
  ) || clerk_sync.measure_ledger();
$$;

revoke execute on function clerk_sync.measure_status () from public, anon, authenticated;
grant execute on function clerk_sync.measure_status () to service_role;

-- How the mirror is doing:
--
-- - `now`: the database's clock; `release`: the latest one that the database has
-- - `last_webhook`: `{"received_at", "occurred_at", "type", "outcome"}`; null if none has arrived
-- - `last_hour`, `last_day`: `{"applied", "stale", "duplicate", "dead_lettered", "is_at_least"}`
-- - `ledger`: `{"rows", "bytes", "oldest_received_at"}`, estimates if it is large
-- - `dead_letters`: `{"count", "is_at_least", "oldest_received_at", "reasons"}`
-- - `effects`: `[{"handler", "is_enabled", "due_count", "due_since", "late_count", "parked_count",
--   "is_at_least"}]`
-- - `runs`: `{"open", "last_reconcile", "last_backfill", "last_reconciled_at"}`, runs as in `read_runs()`
-- - `backfill_cursors`: `[{"resource", "object_count", "is_finished", "started_at", "updated_at"}]`
-- - `instance`: as in `read_instance()`; `schedule`: as in `clerk_sync.read_schedule()`
create function public.read_status()
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select clerk_sync.measure_status();
$$;

revoke execute on function public.read_status () from public, anon, authenticated;
grant execute on function public.read_status () to service_role;

-- The same as one row of plain columns, for a monitor. Its role needs `usage` on the schema, `select` on this
-- view, and `execute` on `clerk_sync.measure_status()`. Sums are over all handlers; counts and times are null
-- if there is nothing to count or nothing arrived.
create view clerk_sync.status with (security_invoker = true) as
select
  (facts ->> 'now')::timestamptz as taken_at,
  facts ->> 'release' as release,
  (facts -> 'last_webhook' ->> 'received_at')::timestamptz as last_webhook_at,
  (facts -> 'last_hour' ->> 'applied')::bigint as applied_last_hour,
  (facts -> 'last_hour' ->> 'stale')::bigint as stale_last_hour,
  (facts -> 'last_hour' ->> 'duplicate')::bigint as duplicate_last_hour,
  (facts -> 'last_hour' ->> 'dead_lettered')::bigint as dead_lettered_last_hour,
  (facts -> 'last_day' ->> 'applied')::bigint as applied_last_day,
  (facts -> 'last_day' ->> 'stale')::bigint as stale_last_day,
  (facts -> 'last_day' ->> 'duplicate')::bigint as duplicate_last_day,
  (facts -> 'last_day' ->> 'dead_lettered')::bigint as dead_lettered_last_day,
  (facts -> 'dead_letters' ->> 'count')::bigint as dead_letter_count,
  (facts -> 'dead_letters' ->> 'oldest_received_at')::timestamptz as oldest_dead_letter_at,
  effects.due_count as effects_due_count,
  effects.due_since as effects_due_since,
  effects.late_count as effects_late_count,
  effects.parked_count as effects_parked_count,
  facts -> 'runs' -> 'open' ->> 'kind' as open_run_kind,
  (facts -> 'runs' -> 'open' ->> 'started_at')::timestamptz as open_run_started_at,
  (facts -> 'runs' ->> 'last_reconciled_at')::timestamptz as last_reconciled_at,
  facts -> 'runs' -> 'last_reconcile' ->> 'state' as last_reconcile_state,
  found.difference_count as last_reconcile_difference_count,
  found.repaired_count as last_reconcile_repaired_count,
  (facts -> 'schedule' ->> 'is_scheduled')::boolean as is_scheduled,
  (facts -> 'ledger' ->> 'rows')::bigint as ledger_row_count,
  (facts -> 'ledger' ->> 'bytes')::bigint as ledger_bytes,
  (facts -> 'ledger' ->> 'oldest_received_at')::timestamptz as ledger_oldest_received_at,
  foreign_webhooks.delivery_count as foreign_webhook_count,
  foreign_webhooks.last_received_at as last_foreign_webhook_at
from clerk_sync.measure_status() as facts
cross join lateral (
  select
    coalesce(sum((item ->> 'due_count')::bigint), 0)::bigint as due_count,
    min((item ->> 'due_since')::timestamptz) as due_since,
    coalesce(sum((item ->> 'late_count')::bigint), 0)::bigint as late_count,
    coalesce(sum((item ->> 'parked_count')::bigint), 0)::bigint as parked_count
  from jsonb_array_elements(facts -> 'effects') as item
) as effects
cross join lateral (
  select
    sum(
      coalesce((item ->> 'missing')::bigint, 0) + coalesce((item ->> 'outdated')::bigint, 0)
        + coalesce((item ->> 'buried')::bigint, 0) + coalesce((item ->> 'gone')::bigint, 0)
    )::bigint as difference_count,
    sum(coalesce((item ->> 'repaired')::bigint, 0))::bigint as repaired_count
  from jsonb_array_elements(
    coalesce(nullif(facts -> 'runs' -> 'last_reconcile' -> 'results', 'null'), '[]')
  ) as item
) as found
cross join lateral (
  select
    coalesce(sum((item ->> 'delivery_count')::bigint), 0)::bigint as delivery_count,
    max((item ->> 'last_received_at')::timestamptz) as last_received_at
  from jsonb_array_elements(facts -> 'instance' -> 'foreign_webhooks') as item
) as foreign_webhooks;

comment on view clerk_sync.status is 'How the mirror is doing, in one row for a monitor';

revoke all on clerk_sync.status from anon, authenticated;
grant select on clerk_sync.status to service_role;
