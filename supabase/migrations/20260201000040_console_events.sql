-- Events as the console shows them: rows of the ledger and pending dead letters, by the time of their
-- arrival. An event that is delivered late, or replayed, arrives now, whatever its webhook's id says.

-- Serves queries for what arrived recently. New entries go to its end.
create index webhook_events_received_at_idx on clerk_sync.webhook_events (received_at);

-- A position in the order of arrival, as text: microseconds since 1970, a slash, and a tie-breaker.
create function clerk_sync.format_place(place_at timestamptz, place text)
returns text
language sql
immutable
set search_path = ''
return (extract(epoch from place_at) * 1000000)::bigint::text || '/' || place;

revoke execute on function clerk_sync.format_place (timestamptz, text) from public, anon, authenticated;
grant execute on function clerk_sync.format_place (timestamptz, text) to service_role;

-- The time of a position.
create function clerk_sync.time_of_place(place text)
returns timestamptz
language sql
immutable
set search_path = ''
return timestamptz 'epoch' + split_part(place, '/', 1)::bigint * interval '1 microsecond';

revoke execute on function clerk_sync.time_of_place (text) from public, anon, authenticated;
grant execute on function clerk_sync.time_of_place (text) to service_role;

-- Whether a reader at a snapshot has seen a row with this `xmin`, which is the low half of a transaction id.
create function clerk_sync.has_seen(seen pg_snapshot, row_xmin bigint)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
declare
  next_number bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  number bigint := next_number - next_number % 4294967296 + row_xmin;
begin
  if number > next_number then
    number := number - 4294967296;
  end if;
  return pg_visible_in_snapshot(greatest(number, 0)::text::xid8, seen);
end;
$$;

revoke execute on function clerk_sync.has_seen (pg_snapshot, bigint) from public, anon, authenticated;
grant execute on function clerk_sync.has_seen (pg_snapshot, bigint) to service_role;

-- Dead letters as events: they arrived when they failed last. `row_xmin` as `has_seen()` expects it.
create view clerk_sync.dead_letter_events
with (security_invoker = true)
as
select
  letters.webhook_id as id,
  letters.type,
  letters.owner_ids[1] as object_id,
  'dead_lettered' as outcome,
  -- Whatever it contains: it may be the reason for the dead letter.
  case
    when jsonb_typeof(letters.payload -> 'timestamp') = 'number' then to_timestamp(
      greatest(0, least(4e12, (letters.payload ->> 'timestamp')::numeric))::double precision / 1000
    )
    else letters.first_failed_at
  end as occurred_at,
  letters.last_failed_at as received_at,
  letters.xmin::text::bigint as row_xmin
from clerk_sync.dead_letters as letters;

comment on view clerk_sync.dead_letter_events is 'Dead letters, in the same form as the events in the ledger';

revoke all on clerk_sync.dead_letter_events from anon, authenticated;
grant select on clerk_sync.dead_letter_events to service_role;

-- A page of events, latest first: `{"events": [{"id", "type", "object_id", "outcome", "occurred_at",
-- "received_at"}], "before", "after"}`. `before` leads to older ones and is null at the end, `after` to
-- `read_new_events()`. No index serves the filters: a call looks at 50,000 rows of the ledger at most, so a
-- page may have fewer events than requested and still not be the last.
create function public.read_events(
  event_type text default null,
  event_outcome text default null,
  event_object_id text default null,
  before text default null,
  page_size integer default 100
)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
-- A generic plan couldn't tell that a filter is absent; compiling one takes longer than running it.
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
  scan_size constant integer := 50000;
  event_count constant integer := least(greatest(page_size, 1), 500);
  is_filtered constant boolean := num_nonnulls(event_type, event_outcome, event_object_id) > 0;
  before_at timestamptz := timestamptz 'infinity';
  before_id text collate "C" := '';
  last_at timestamptz := timestamptz '-infinity';
  last_id text collate "C" := '';
  is_cut boolean := false;
  events jsonb;
begin
  if before is not null then
    before_at := clerk_sync.time_of_place(before);
    before_id := substr(before, strpos(before, '/') + 1);
  end if;

  if is_filtered then
    select ledger.received_at, ledger.id
    into last_at, last_id
    from clerk_sync.webhook_events as ledger
    where ledger.received_at <= before_at and (ledger.received_at < before_at or ledger.id < before_id)
    order by ledger.received_at desc, ledger.id desc
    offset scan_size - 1
    limit 1;
    is_cut := found;
    last_at := coalesce(last_at, '-infinity');
    last_id := coalesce(last_id, '');
  end if;

  select coalesce(jsonb_agg(to_jsonb(page) order by page.received_at desc, page.id desc), '[]')
  into events
  from (
    (
      select
        ledger.id, ledger.type, ledger.object_id, ledger.outcome, ledger.occurred_at, ledger.received_at
      from clerk_sync.webhook_events as ledger
      where ledger.received_at <= before_at
        and (ledger.received_at < before_at or ledger.id < before_id)
        and ledger.received_at >= last_at
        and (ledger.received_at > last_at or ledger.id >= last_id)
        and (event_type is null or ledger.type = event_type)
        and (event_outcome is null or ledger.outcome = event_outcome)
        and (event_object_id is null or ledger.object_id = event_object_id)
      order by ledger.received_at desc, ledger.id desc
      limit event_count
    )
    union all
    (
      select
        letters.id, letters.type, letters.object_id, letters.outcome, letters.occurred_at,
        letters.received_at
      from clerk_sync.dead_letter_events as letters
      where (letters.received_at, letters.id) < (before_at, before_id)
        and (letters.received_at, letters.id) >= (last_at, last_id)
        and (event_type is null or letters.type = event_type)
        and (event_outcome is null or letters.outcome = event_outcome)
        and (event_object_id is null or letters.object_id = event_object_id)
      order by letters.received_at desc, letters.id desc
      limit event_count
    )
    order by received_at desc, id desc
    limit event_count
  ) as page;

  return jsonb_build_object(
    'events', events,
    'before', case
      when jsonb_array_length(events) = event_count then clerk_sync.format_place(
        (events -> -1 ->> 'received_at')::timestamptz, events -> -1 ->> 'id'
      )
      when is_cut then clerk_sync.format_place(last_at, last_id)
    end,
    'after', clerk_sync.format_place(now(), pg_current_snapshot()::text)
  );
end;
$$;

revoke execute on function public.read_events (text, text, text, text, integer) from public, anon, authenticated;
grant execute on function public.read_events (text, text, text, text, integer) to service_role;

-- What has arrived since a position that `read_events()` or this function returned: `{"events", "after",
-- "skipped"}`, latest first, and how many more there are than fit.
--
-- A transaction that began earlier may commit later. So a position contains the snapshot that was read, and
-- whatever that snapshot couldn't see is new. Transactions that write the ledger end within seconds, because
-- of their timeout: nothing that arrived more than a minute before the snapshot counts as new.
create function public.read_new_events(
  after text,
  event_type text default null,
  event_outcome text default null,
  event_object_id text default null,
  page_size integer default 100
)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
  scan_size constant integer := 100000;
  event_count constant integer := least(greatest(page_size, 1), 500);
  seen pg_snapshot := substr(after, strpos(after, '/') + 1)::pg_snapshot;
  seen_at timestamptz := clerk_sync.time_of_place(after);
  since timestamptz := seen_at - interval '1 minute';
  events jsonb;
  total bigint;
begin
  -- The snapshot of another database, for example before a restore. The times are as good as it gets.
  if pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) then
    seen := '1:1:';
    since := seen_at;
  end if;

  with arrivals as materialized (
    (
      select
        ledger.id, ledger.type, ledger.object_id, ledger.outcome, ledger.occurred_at, ledger.received_at
      from clerk_sync.webhook_events as ledger
      where ledger.received_at >= since
        and not clerk_sync.has_seen(seen, ledger.xmin::text::bigint)
        and (event_type is null or ledger.type = event_type)
        and (event_outcome is null or ledger.outcome = event_outcome)
        and (event_object_id is null or ledger.object_id = event_object_id)
      order by ledger.received_at desc
      limit scan_size
    )
    union all
    select
      letters.id, letters.type, letters.object_id, letters.outcome, letters.occurred_at,
      letters.received_at
    from clerk_sync.dead_letter_events as letters
    where letters.received_at >= since
      and not clerk_sync.has_seen(seen, letters.row_xmin)
      and (event_type is null or letters.type = event_type)
      and (event_outcome is null or letters.outcome = event_outcome)
      and (event_object_id is null or letters.object_id = event_object_id)
  )
  select
    (select count(*) from arrivals),
    coalesce(jsonb_agg(to_jsonb(page) order by page.received_at desc, page.id desc), '[]')
  into total, events
  from (
    select * from arrivals order by arrivals.received_at desc, arrivals.id desc limit event_count
  ) as page;

  return jsonb_build_object(
    'events', events,
    'after', clerk_sync.format_place(now(), pg_current_snapshot()::text),
    'skipped', total - jsonb_array_length(events)
  );
end;
$$;

revoke execute on function public.read_new_events (text, text, text, text, integer) from public, anon, authenticated;
grant execute on function public.read_new_events (text, text, text, text, integer) to service_role;

-- How many events with which outcome arrived, per minute of the last hour or per hour of the last day, oldest
-- first: `[{"starts_at", "counts": {"applied": 3}}]`, empty ones included.
create function public.read_event_counts(span text)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
  length constant interval := case span when 'day' then interval '1 hour' else interval '1 minute' end;
  earlier constant integer := case span when 'day' then 23 else 59 end;
  first_at constant timestamptz := date_bin(length, now(), timestamptz 'epoch') - earlier * length;
begin
  return (
    with counted as materialized (
      select
        date_bin(length, arrivals.received_at, first_at) as starts_at,
        arrivals.outcome,
        count(*) as count
      from (
        select ledger.received_at, ledger.outcome
        from clerk_sync.webhook_events as ledger
        where ledger.received_at >= first_at
        union all
        select letters.received_at, letters.outcome
        from clerk_sync.dead_letter_events as letters
        where letters.received_at >= first_at
      ) as arrivals
      group by 1, 2
    )
    select jsonb_agg(
      jsonb_build_object(
        'starts_at', first_at + numbers.number * length,
        'counts', (
          select coalesce(jsonb_object_agg(counted.outcome, counted.count), '{}')
          from counted
          where counted.starts_at = first_at + numbers.number * length
        )
      )
      order by numbers.number
    )
    from generate_series(0, earlier) as numbers (number)
  );
end;
$$;

revoke execute on function public.read_event_counts (text) from public, anon, authenticated;
grant execute on function public.read_event_counts (text) to service_role;
