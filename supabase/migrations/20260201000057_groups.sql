-- Groups: many webhooks in one transaction, which waits for the disk once. Each ends as it would alone, as if
-- the newest of several facts about one object had come first.
--
-- Locks are taken in the same total order as in single calls: ledger keys, the instance, objects, then rows:
-- organizations first, then profiles, then the other tables by name, each in the order of ids. All of it is
-- sorted over the whole group, so a call that holds a lock only ever waits for a later one.

-- How the ledger stays bounded: for each webhook that is claimed, two that are older than the retention are
-- deleted, if there are any. In release 0.1.0, each claim deleted its own two. Now a session deletes many at a
-- time, which costs little more than deleting two, and covers its next claims.

drop function clerk_sync.expire_webhook_events ();

-- Deletes rows of the ledger that are older than its retention, and returns how many. The key is time-ordered,
-- so its low end expires first. Rows that another call is deleting are skipped.
--
-- A session remembers when the next row expires, and where the ledger begins: index entries of deleted rows
-- stay in the way until the next vacuum. The API's sessions live for half an hour, so if a late webhook has
-- an old id, the next session finds it.
create function clerk_sync.delete_expired_webhook_events(page_size integer)
returns integer
language plpgsql
set search_path = ''
-- A plan that was made while the ledger was small is kept as it grows: it must use the key.
set enable_seqscan = off
as $$
declare
  expired_before timestamptz := now() - clerk_sync.ledger_retention();
  oldest_ids text[];
  oldest_at timestamptz;
  deleted integer := 0;
begin
  select array_agg(oldest.id), min(oldest.received_at)
  into oldest_ids, oldest_at
  from (
    select webhook_events.id, webhook_events.received_at
    from clerk_sync.webhook_events
    where webhook_events.id >= coalesce(current_setting('clerk_sync.ledger_begins_at', true), '')
    order by webhook_events.id
    limit page_size
  ) as oldest;

  if oldest_at < expired_before then
    delete from clerk_sync.webhook_events
    where id = any (array(
      select expired.id
      from clerk_sync.webhook_events as expired
      where expired.id = any (oldest_ids) and expired.received_at < expired_before
      for update skip locked
    ));
    get diagnostics deleted = row_count;
  end if;

  -- New rows are received later, so nothing expires before the oldest of these.
  perform set_config('clerk_sync.ledger_begins_at', oldest_ids[1], false);
  perform set_config(
    'clerk_sync.ledger_expires_at',
    extract(epoch from oldest_at + clerk_sync.ledger_retention())::text,
    false
  );
  return deleted;
end;
$$;

revoke execute on function clerk_sync.delete_expired_webhook_events (integer) from public, anon, authenticated;
grant execute on function clerk_sync.delete_expired_webhook_events (integer) to service_role;

-- Deletes a call's share, for as many webhooks as it has claimed.
create function clerk_sync.expire_webhook_events(claim_count integer default 1)
returns void
language plpgsql
set search_path = ''
as $$
declare
  claims_ahead integer := coalesce(
    nullif(current_setting('clerk_sync.expiry_claims_ahead', true), '')::integer, 0
  );
begin
  if claims_ahead < claim_count then
    claims_ahead := claims_ahead
      + clerk_sync.delete_expired_webhook_events(greatest(64, 2 * claim_count)) / 2;
  end if;
  perform set_config(
    'clerk_sync.expiry_claims_ahead', greatest(0, claims_ahead - claim_count)::text, false
  );
end;
$$;

revoke execute on function clerk_sync.expire_webhook_events (integer) from public, anon, authenticated;
grant execute on function clerk_sync.expire_webhook_events (integer) to service_role;

-- Claims webhooks as `begin_call()` claims one, and returns the same for each: `duplicate`, `ignored`,
-- `claimed`, or `awaited`. If a webhook is listed twice, the first is claimed.
create function clerk_sync.claim_group(webhooks jsonb)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  claims text[];
  awaited_types constant text[] := clerk_sync.read_awaited_types();
  mirrored_instance_id text;
  told record;
  ignored_ids text[] := array[]::text[];
begin
  with incoming as (
    select
      (listed.webhook ->> 'id') collate "C" as id,
      listed.webhook,
      listed.place,
      row_number() over (partition by listed.webhook ->> 'id' order by listed.place) = 1 as is_first
    from jsonb_array_elements(webhooks) with ordinality as listed (webhook, place)
  ),
  claimed as (
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at)
    select
      incoming.id,
      incoming.webhook ->> 'type',
      incoming.webhook ->> 'object_id',
      (incoming.webhook ->> 'occurred_at')::timestamptz
    from incoming
    where incoming.is_first
    -- Two groups with the same webhooks collide on the first one, and one group waits.
    order by incoming.id
    on conflict (id) do nothing
    returning webhook_events.id, webhook_events.type = any (awaited_types) as is_awaited
  )
  select
    coalesce(
      array_agg(
        case
          when claimed.id is null then 'duplicate'
          when claimed.is_awaited then 'awaited'
          else 'claimed'
        end
        order by incoming.place
      ),
      '{}'
    ),
    (select instance_id from clerk_sync.mirrored_instance)
  into claims, mirrored_instance_id
  from incoming
  left join claimed on claimed.id = incoming.id and incoming.is_first;

  for told in
    select listed.webhook, listed.webhook ->> 'id' as id, listed.place
    from jsonb_array_elements(webhooks) with ordinality as listed (webhook, place)
    where listed.webhook ->> 'instance_id' <> coalesce(mirrored_instance_id, '')
    order by listed.webhook ->> 'instance_id', id, listed.place
  loop
    -- A webhook that is listed twice is ignored twice.
    continue when claims[told.place] = 'duplicate' and told.id <> all (ignored_ids);
    if not clerk_sync.is_mirrored_instance(told.webhook) then
      claims[told.place] := 'ignored';
      ignored_ids := ignored_ids || told.id;
    end if;
  end loop;
  if ignored_ids <> '{}' then
    delete from clerk_sync.webhook_events where id = any (ignored_ids);
  end if;

  for index in 1 .. cardinality(claims) loop
    if claims[index] = 'duplicate' then
      perform clerk_sync.count_duplicate();
    end if;
  end loop;

  if extract(epoch from now()) > coalesce(
    nullif(current_setting('clerk_sync.ledger_expires_at', true), '')::numeric, 0
  ) then
    perform clerk_sync.expire_webhook_events(cardinality(claims));
  end if;
  return claims;
end;
$$;

revoke execute on function clerk_sync.claim_group (jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.claim_group (jsonb) to service_role;

-- A group's rows for one table.
create type clerk_sync.fact_list as (
  table_name text,
  items jsonb,
  -- One for each item.
  webhooks jsonb,
  -- How many of the items are the object that their webhook is about.
  subject_count integer
);

-- The rows of the claimed calls, by table, in the order in which tables are written. A table is identified by
-- the name of the first argument of its `write_<table>()`, which calls use too.
create function clerk_sync.read_fact_lists(calls jsonb, claims text[])
returns setof clerk_sync.fact_list
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  with tables as materialized (
    select substr(procedures.proname, 7) as name, procedures.proargnames[1] as argument
    from pg_catalog.pg_proc as procedures
    where procedures.pronamespace = 'clerk_sync'::regnamespace and procedures.proname like 'write\_%'
  )
  select
    tables.name,
    jsonb_agg(item.value),
    jsonb_agg(call.value -> 'webhook'),
    (count(*) filter (
      where item.value ->> 'id' = call.value -> 'webhook' ->> 'object_id'
    ))::integer
  from jsonb_array_elements(calls) with ordinality as call (value, place)
  cross join lateral jsonb_each(call.value) as list
  cross join lateral jsonb_array_elements(list.value) as item
  left join tables on tables.argument = list.key
  where claims[call.place] in ('claimed', 'awaited') and list.key <> 'webhook'
  group by tables.name
  order by tables.name <> 'organizations', tables.name <> 'profiles', tables.name;
end;
$$;

revoke execute on function clerk_sync.read_fact_lists (jsonb, text[]) from public, anon, authenticated;
grant execute on function clerk_sync.read_fact_lists (jsonb, text[]) to service_role;

-- Writes the rows of one table, and returns the ids of webhooks that were stale.
create function clerk_sync.apply_fact_list(list clerk_sync.fact_list)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
  stale_ids text[] := array[]::text[];
begin
  execute format('select clerk_sync.%I ($1, $2)', 'write_' || list.table_name)
  into moved using list.items, list.webhooks;
  if list.subject_count = 0 or moved = jsonb_array_length(list.items) then
    return stale_ids;
  end if;

  -- A webhook was applied if its object now has the version that the webhook gave it.
  execute format(
    $sql$
    select coalesce(array_agg(told.webhook ->> 'id'), '{}')
    from (
      select item.value ->> 'id' as id, $2 -> (item.place - 1)::integer as webhook
      from jsonb_array_elements($1) with ordinality as item (value, place)
    ) as told
    where told.id = told.webhook ->> 'object_id'
      and not exists (
        select from public.%I as stored
        where stored.id = told.id and (stored.version).webhook_id = told.webhook ->> 'id'
      )
    $sql$,
    list.table_name
  ) into stale_ids using list.items, list.webhooks;
  return stale_ids;
end;
$$;

revoke execute on function clerk_sync.apply_fact_list (clerk_sync.fact_list) from public, anon, authenticated;
grant execute on function clerk_sync.apply_fact_list (clerk_sync.fact_list) to service_role;

-- Applies a group of webhooks: `[{"profiles": [{…}], "webhook": {…}}, …]`, each with the arguments of its own
-- function, which may take only rows and the webhook. Returns the outcomes in the same order:
-- `["applied", "duplicate", …]`. If one of them can't be applied, none is.
create function public.apply_group(calls jsonb)
returns jsonb
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  webhooks jsonb := (
    select coalesce(jsonb_agg(call.value -> 'webhook' order by call.place), '[]')
    from jsonb_array_elements(calls) with ordinality as call (value, place)
  );
  claims text[] := clerk_sync.claim_group(webhooks);
  lists clerk_sync.fact_list[] := array(
    select told from clerk_sync.read_fact_lists(calls, claims) as told
  );
  list clerk_sync.fact_list;
  claimed_ids text[];
  stale_ids text[] := array[]::text[];
begin
  select coalesce(array_agg(webhooks -> (claim.place - 1)::integer ->> 'id'), '{}')
  into claimed_ids
  from unnest(claims) with ordinality as claim (name, place)
  where claim.name in ('claimed', 'awaited');
  if (select coalesce(sum(subject_count), 0) from unnest(lists)) <> cardinality(claimed_ids) then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'Each call of a group has one row of the object that its webhook is about';
  end if;

  perform clerk_sync.lock_objects(array(select items from unnest(lists)));

  foreach list in array lists loop
    if list.table_name is null then
      raise exception using
        errcode = 'invalid_parameter_value',
        message = 'A call of a group has rows of no table that the mirror knows';
    end if;
    stale_ids := stale_ids || clerk_sync.apply_fact_list(list);
  end loop;

  -- After the objects are locked, as when a dead letter is stored.
  if exists (select from clerk_sync.dead_letters where webhook_id = any (claimed_ids)) then
    delete from clerk_sync.dead_letters where webhook_id = any (claimed_ids);
  end if;
  for index in 1 .. cardinality(claims) loop
    if claims[index] = 'awaited' then
      perform clerk_sync.enqueue_effects(webhooks -> index - 1);
    end if;
  end loop;
  if stale_ids <> '{}' then
    update clerk_sync.webhook_events set outcome = 'stale' where id = any (stale_ids);
  end if;

  return (
    select coalesce(
      jsonb_agg(
        case
          when claim.name not in ('claimed', 'awaited') then claim.name
          when webhooks -> (claim.place - 1)::integer ->> 'id' = any (stale_ids) then 'stale'
          else 'applied'
        end
        order by claim.place
      ),
      '[]'
    )
    from unnest(claims) with ordinality as claim (name, place)
  );
end;
$$;

revoke execute on function public.apply_group (jsonb) from public, anon, authenticated;
grant execute on function public.apply_group (jsonb) to service_role;
