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

-- Rows as they come in, with what the database sets itself. A row without `updated_at` is a
-- placeholder, which ranks below every full one; one with nothing but its id ranks lowest. What a
-- backfill reads ranks below an event of the same `updated_at`.
create function clerk_sync.versioned(rows jsonb, webhook jsonb)
returns jsonb
language sql
stable
set search_path = ''
return (
  select coalesce(
    jsonb_agg(
      item || jsonb_build_object(
        'synced_at', case
          when item ->> 'updated_at' is not null then coalesce(webhook ->> 'occurred_at', now()::text)
        end,
        'version', jsonb_build_object(
          'updated_at', coalesce(item ->> 'updated_at', '-infinity'),
          'occurred_at', coalesce(
            case when item - 'id' <> '{}' then webhook ->> 'occurred_at' end, '-infinity'
          ),
          'webhook_id', coalesce(case when item - 'id' <> '{}' then webhook ->> 'id' end, '')
        )
      )
    ),
    '[]'
  )
  from jsonb_array_elements(rows) as item
);

revoke execute on function clerk_sync.versioned (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.versioned (jsonb, jsonb) to service_role;

-- The values of one key of every row: the object ids that a call writes or refers to.
create function clerk_sync.ids_of(rows jsonb, key text)
returns text[]
language sql
immutable
set search_path = ''
return array(select item ->> key from jsonb_array_elements(rows) as item);

revoke execute on function clerk_sync.ids_of (jsonb, text) from public, anon, authenticated;
grant execute on function clerk_sync.ids_of (jsonb, text) to service_role;

-- Under read committed, a tombstone check and an insert can straddle a concurrent delete: one sees
-- no tombstone, the other no row, and the deleted object is back. So every call first locks the
-- ids that it touches: shared those it writes or refers to, exclusive those it deletes. All calls
-- lock in the same order, so that nothing deadlocks.
create function clerk_sync.lock_objects(shared_ids text[], exclusive_ids text[] default '{}')
returns void
language plpgsql
set search_path = ''
as $$
declare
  object record;
begin
  for object in
    select hashtextextended(touched.id, 0) as key, bool_or(touched.exclusive) as exclusive
    from (
      select unnest(shared_ids) as id, false as exclusive
      union all
      select unnest(exclusive_ids), true
    ) as touched
    where touched.id is not null
    group by 1
    order by 1
  loop
    if object.exclusive then
      perform pg_advisory_xact_lock(object.key);
    else
      perform pg_advisory_xact_lock_shared(object.key);
    end if;
  end loop;
end;
$$;

revoke execute on function clerk_sync.lock_objects (text[], text[]) from public, anon, authenticated;
grant execute on function clerk_sync.lock_objects (text[], text[]) to service_role;

-- The caller's Clerk user id. (`auth.uid()` throws on Clerk ids, which are no uuids.)
create function clerk_sync.user_id()
returns text
language sql
stable
set search_path = ''
return (select auth.jwt()) ->> 'sub';

revoke execute on function clerk_sync.user_id () from public, anon;
grant execute on function clerk_sync.user_id () to authenticated, service_role;

-- The organization that is active in the caller's session: `o.id` in version 2 of Clerk's session
-- token, `org_id` in version 1. Null when the personal account is active.
create function clerk_sync.organization_id()
returns text
language sql
stable
set search_path = ''
return coalesce(
  (select auth.jwt()) -> 'o' ->> 'id',
  (select auth.jwt()) ->> 'org_id'
);

revoke execute on function clerk_sync.organization_id () from public, anon;
grant execute on function clerk_sync.organization_id () to authenticated, service_role;
