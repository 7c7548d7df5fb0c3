-- The private schema: what keeps the mirror exact, and the helpers that policies call.
-- It is never exposed over the API. (`clerk` is the name that Clerk's foreign data wrapper uses.)

create schema clerk_sync;

revoke all on schema clerk_sync from public, anon;
grant usage on schema clerk_sync to authenticated, service_role;

-- The point that a row has reached on its object's line
-- `nothing < placeholder < full object, by version < tombstone`, as one comparable value.
-- `updated_at` is -infinity for a placeholder; `occurred_at` is -infinity and `webhook_id` empty
-- for what no event told (a backfill, or a parent of which only the id is known).
-- The webhook id only makes ties total; byte order, so that every database breaks them alike.
create type clerk_sync.version as (
  updated_at timestamptz,
  occurred_at timestamptz,
  webhook_id text collate "C"
);

-- Rows of a table (`kind` is a null of its type) as they come in, with what the database sets itself. A
-- row without `updated_at` is a placeholder, which ranks below every full one; one with nothing but its
-- id ranks lowest. What a backfill reads ranks below an event of the same `updated_at`.
--
-- `rows 1`: nearly every call brings one row, and a plan for one row, which looks up what it needs by
-- the keys, serves 500 as well. The default of 1000 would have whole tables read for an event.
create function clerk_sync.versioned(kind anyelement, items jsonb, webhook jsonb)
returns setof anyelement
language plpgsql
stable
rows 1
set search_path = ''
as $$
declare
  event_time timestamptz := webhook ->> 'occurred_at';
  webhook_id text := coalesce(webhook ->> 'id', '');
  item jsonb;
  fact record;
begin
  for index in 0 .. coalesce(jsonb_array_length(items), 0) - 1 loop
    item := items -> index;
    fact := jsonb_populate_record(kind, item);
    if fact.updated_at is not null then
      fact.synced_at := coalesce(event_time, now());
      fact.version := row(fact.updated_at, coalesce(event_time, '-infinity'), webhook_id)::clerk_sync.version;
    elsif item <> jsonb_build_object('id', item -> 'id') then
      fact.synced_at := null;
      fact.version := row('-infinity', coalesce(event_time, '-infinity'), webhook_id)::clerk_sync.version;
    else
      fact.version := row('-infinity', '-infinity', '')::clerk_sync.version;
    end if;
    return next fact;
  end loop;
end;
$$;

revoke execute on function clerk_sync.versioned (anyelement, jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.versioned (anyelement, jsonb, jsonb) to service_role;

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
