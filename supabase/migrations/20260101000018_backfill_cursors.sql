-- Backfill cursors: how far a backfill has come, so that it can be interrupted and resumed.

create table clerk_sync.backfill_cursors (
  resource text not null,
  -- Where the next page begins, as the backfill understands it.
  last_position jsonb not null,
  object_count bigint not null,
  is_finished boolean not null,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint backfill_cursors_pkey primary key (resource)
);

comment on table clerk_sync.backfill_cursors is 'How far an unfinished backfill has come: one row for each resource that it has begun';

alter table clerk_sync.backfill_cursors enable row level security;
revoke all on clerk_sync.backfill_cursors from anon, authenticated;
grant select, insert, update, delete on clerk_sync.backfill_cursors to service_role;

create policy "The service role manages backfill cursors" on clerk_sync.backfill_cursors
for all to service_role using (true) with check (true);

-- The cursors of an unfinished backfill; none when the last one came to its end.
create function public.read_backfill_cursors()
returns table (
  resource text,
  last_position jsonb,
  object_count bigint,
  is_finished boolean,
  started_at timestamptz
)
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select cursors.resource, cursors.last_position, cursors.object_count, cursors.is_finished, cursors.started_at
  from clerk_sync.backfill_cursors as cursors;
$$;

revoke execute on function public.read_backfill_cursors () from public, anon, authenticated;
grant execute on function public.read_backfill_cursors () to service_role;

-- Keeps how far a resource has come. The rows before `last_position` are committed by then: an interrupted
-- backfill reads some of them again, and misses none.
create function public.keep_backfill_cursor(
  resource text,
  last_position jsonb,
  object_count bigint,
  is_finished boolean
)
returns void
language sql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
  insert into clerk_sync.backfill_cursors (resource, last_position, object_count, is_finished)
  values (
    keep_backfill_cursor.resource, keep_backfill_cursor.last_position,
    keep_backfill_cursor.object_count, keep_backfill_cursor.is_finished
  )
  on conflict on constraint backfill_cursors_pkey do update set
    last_position = excluded.last_position,
    object_count = excluded.object_count,
    is_finished = excluded.is_finished,
    updated_at = now();
$$;

revoke execute on function public.keep_backfill_cursor (text, jsonb, bigint, boolean) from public, anon, authenticated;
grant execute on function public.keep_backfill_cursor (text, jsonb, bigint, boolean) to service_role;

-- Forgets the cursors of a backfill that has come to its end, or is to begin anew.
create function public.delete_backfill_cursors(resources jsonb)
returns void
language sql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
  delete from clerk_sync.backfill_cursors
  where resource in (select jsonb_array_elements_text(resources));
$$;

revoke execute on function public.delete_backfill_cursors (jsonb) from public, anon, authenticated;
grant execute on function public.delete_backfill_cursors (jsonb) to service_role;
