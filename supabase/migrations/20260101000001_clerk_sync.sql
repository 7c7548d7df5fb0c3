-- The private schema: what keeps the mirror exact, and the helpers that policies call.
-- It is never exposed over the API. (`clerk` is the name that Clerk's foreign data wrapper uses.)

create schema clerk_sync;

revoke all on schema clerk_sync from public, anon;
grant usage on schema clerk_sync to authenticated, service_role;

-- The point that a row has reached on its object's line
-- `nothing < placeholder < full object, by version < tombstone`, as one comparable value.
--
-- | point                                    | updated_at  | occurred_at | webhook_id       |
-- | ---------------------------------------- | ----------- | ----------- | ---------------- |
-- | placeholder: of a parent, the id alone   | -infinity   | -infinity   |                  |
-- | placeholder: a snapshot that was read    | -infinity   | -infinity   | its content hash |
-- | placeholder: a snapshot that came nested | -infinity   | of the event| of the event     |
-- | full object that was read                | its own     | -infinity   | its content hash |
-- | full object that came in an event        | its own     | of the event| of the event     |
-- | deleted, but held by a foreign key       | infinity    | -infinity   |                  |
--
-- "Read" is what a backfill or a reconciliation does. The last part only makes ties total; byte order,
-- so that every database breaks them alike. What is read twice is written once.
create type clerk_sync.version as (
  updated_at timestamptz,
  occurred_at timestamptz,
  webhook_id text collate "C"
);

-- What a call tells of one object: a row as it comes in, with what the database sets itself.
create type clerk_sync.fact as (
  item jsonb,
  synced_at timestamptz,
  version clerk_sync.version
);

-- The facts of a call. A row without `updated_at` is a placeholder. One with `deleted_at` is what is left
-- of an object whose row can't go.
--
-- Whoever writes takes the columns out of `item` by their names: a table may have further ones that
-- are the application's own.
--
-- `rows 1`: nearly every call brings one row, and a plan for one row, which looks up what it needs by
-- the keys, serves 500 as well. The default of 1000 would have whole tables read for an event.
create function clerk_sync.read_facts(items jsonb, webhook jsonb)
returns setof clerk_sync.fact
language plpgsql
stable
rows 1
set search_path = ''
as $$
declare
  event_time timestamptz := coalesce((webhook ->> 'occurred_at')::timestamptz, '-infinity');
  told_at timestamptz := coalesce(webhook ->> 'occurred_at', webhook ->> 'read_at')::timestamptz;
  updated_at timestamptz;
  fact clerk_sync.fact;
begin
  for index in 0 .. coalesce(jsonb_array_length(items), 0) - 1 loop
    fact.item := items -> index;
    fact.synced_at := null;
    updated_at := (fact.item ->> 'updated_at')::timestamptz;
    if updated_at is not null then
      fact.synced_at := coalesce(told_at, now());
      fact.version := row(
        updated_at, event_time, coalesce(webhook ->> 'id', md5((fact.item - 'id')::text))
      )::clerk_sync.version;
    elsif fact.item ? 'deleted_at' then
      fact.version := row('infinity', '-infinity', '')::clerk_sync.version;
    elsif fact.item = jsonb_build_object('id', fact.item -> 'id') then
      fact.version := row('-infinity', '-infinity', '')::clerk_sync.version;
    else
      fact.version := row(
        '-infinity', event_time, coalesce(webhook ->> 'id', md5((fact.item - 'id')::text))
      )::clerk_sync.version;
    end if;
    return next fact;
  end loop;
end;
$$;

revoke execute on function clerk_sync.read_facts (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.read_facts (jsonb, jsonb) to service_role;

-- Under read committed, a tombstone check and an insert can straddle a concurrent delete: one sees
-- no tombstone, the other no row, and the deleted object is back. So every call first locks the
-- objects that it touches: shared those it writes or refers to (lists of rows), exclusive those it
-- deletes. All calls lock in the same order, so that nothing deadlocks: locks are taken as the sorted
-- keys come by. Returns a value only so that it can be called without a query.
create function clerk_sync.lock_objects(shared_rows jsonb[], exclusive_ids text[] default '{}')
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- Most events touch one object, which takes no sorting.
  if cardinality(shared_rows) = 1 and jsonb_array_length(shared_rows[1]) = 1 and exclusive_ids = '{}' then
    return pg_advisory_xact_lock_shared(hashtextextended(shared_rows[1] -> 0 ->> 'id', 0)) is not null;
  end if;

  perform case
    when object.is_exclusive then pg_advisory_xact_lock(object.key)
    else pg_advisory_xact_lock_shared(object.key)
  end
  from (
    select hashtextextended(touched.id, 0) as key, bool_or(touched.is_exclusive) as is_exclusive
    from (
      select jsonb_array_elements(list) ->> 'id' as id, false as is_exclusive
      from unnest(shared_rows) as list
      union all
      select unnest(exclusive_ids), true
    ) as touched
    where touched.id is not null
    group by 1
    order by 1
  ) as object;
  return true;
end;
$$;

revoke execute on function clerk_sync.lock_objects (jsonb[], text[]) from public, anon, authenticated;
grant execute on function clerk_sync.lock_objects (jsonb[], text[]) to service_role;

-- The helpers of policies are `plpgsql`: Postgres 17 plans functions of `language sql` anew in every
-- query, which would take longer than many a query.

-- The caller's Clerk user id. (`auth.uid()` throws on Clerk ids, which are no uuids.)
create function clerk_sync.user_id()
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return auth.jwt() ->> 'sub';
end;
$$;

revoke execute on function clerk_sync.user_id () from public, anon;
grant execute on function clerk_sync.user_id () to authenticated, service_role;

-- The organization that is active in the caller's session: `o.id` in version 2 of Clerk's session
-- token, `org_id` in version 1. Null when the personal account is active.
create function clerk_sync.organization_id()
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return coalesce(auth.jwt() -> 'o' ->> 'id', auth.jwt() ->> 'org_id');
end;
$$;

revoke execute on function clerk_sync.organization_id () from public, anon;
grant execute on function clerk_sync.organization_id () to authenticated, service_role;
