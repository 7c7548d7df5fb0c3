-- Gone objects: what a reconciliation found in the mirror but no longer in Clerk. They wait here until all of
-- a table's are known, since deletions are counted before any is made. What a run leaves behind can be
-- inspected until the next one begins.

create table clerk_sync.gone_objects (
  run_id bigint not null,
  table_name text not null,
  object_id text collate "C" not null,
  -- Needed to ask Clerk for some kinds of objects.
  organization_id text,
  user_id text,
  -- Clerk was certainly asked after this time.
  asked_at timestamptz not null,
  constraint gone_objects_pkey primary key (run_id, table_name, object_id),
  constraint gone_objects_run_id_fkey
    foreign key (run_id) references clerk_sync.runs (id) on delete cascade
);

comment on table clerk_sync.gone_objects is 'What the last reconciliation found in the mirror but not in Clerk, and did not delete';

alter table clerk_sync.gone_objects enable row level security;
revoke all on clerk_sync.gone_objects from anon, authenticated;
grant select, insert, update, delete on clerk_sync.gone_objects to service_role;

create policy "The service role manages gone objects" on clerk_sync.gone_objects
for all to service_role using (true) with check (true);

-- Saves a run's progress, as `keep_run()` does, with the objects that it found to be gone: `[{"id",
-- "organization_id", "user_id"}]`.
create function public.keep_gone_objects(
  run_id bigint,
  run_lease uuid,
  lease_seconds integer,
  progress jsonb,
  results jsonb,
  table_name text,
  objects jsonb,
  asked_at timestamptz
)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  if not public.keep_run(run_id, run_lease, lease_seconds, progress, results) then
    return false;
  end if;

  insert into clerk_sync.gone_objects (
    run_id, table_name, object_id, organization_id, user_id, asked_at
  )
  select
    keep_gone_objects.run_id, keep_gone_objects.table_name, gone.id, gone.organization_id,
    gone.user_id, keep_gone_objects.asked_at
  from jsonb_to_recordset(objects) as gone (id text, organization_id text, user_id text)
  on conflict on constraint gone_objects_pkey do update set asked_at = excluded.asked_at;
  return true;
end;
$$;

revoke execute on function public.keep_gone_objects (bigint, uuid, integer, jsonb, jsonb, text, jsonb, timestamptz) from public, anon, authenticated;
grant execute on function public.keep_gone_objects (bigint, uuid, integer, jsonb, jsonb, text, jsonb, timestamptz) to service_role;

-- Saves a run's progress, with the objects that are settled: deleted, or found in Clerk after all.
create function public.settle_gone_objects(
  run_id bigint,
  run_lease uuid,
  lease_seconds integer,
  progress jsonb,
  results jsonb,
  table_name text,
  ids jsonb
)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  if not public.keep_run(run_id, run_lease, lease_seconds, progress, results) then
    return false;
  end if;

  delete from clerk_sync.gone_objects as gone
  where gone.run_id = settle_gone_objects.run_id
    and gone.table_name = settle_gone_objects.table_name
    and gone.object_id in (select jsonb_array_elements_text(ids));
  return true;
end;
$$;

revoke execute on function public.settle_gone_objects (bigint, uuid, integer, jsonb, jsonb, text, jsonb) from public, anon, authenticated;
grant execute on function public.settle_gone_objects (bigint, uuid, integer, jsonb, jsonb, text, jsonb) to service_role;

-- A page of a run's gone objects of one table, by id: `[{"id", "organization_id", "user_id", "asked_at"}]`.
create function public.read_gone_objects(
  run_id bigint,
  table_name text,
  after_id text default '',
  page_size integer default 100
)
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select coalesce(
    jsonb_agg(
      jsonb_build_object(
        'id', page.object_id,
        'organization_id', page.organization_id,
        'user_id', page.user_id,
        'asked_at', page.asked_at
      )
      order by page.object_id
    ),
    '[]'
  )
  from (
    select gone.*
    from clerk_sync.gone_objects as gone
    where gone.run_id = read_gone_objects.run_id
      and gone.table_name = read_gone_objects.table_name
      and gone.object_id > after_id
    order by gone.object_id
    limit page_size
  ) as page;
$$;

revoke execute on function public.read_gone_objects (bigint, text, text, integer) from public, anon, authenticated;
grant execute on function public.read_gone_objects (bigint, text, text, integer) to service_role;

-- Counts a page of them before anything is deleted: `{"count", "last_id", "tables"}`, with the result of
-- `count_deletions()`; `last_id` is null if there are no more.
create function public.count_gone_objects(
  run_id bigint,
  table_name text,
  after_id text default '',
  page_size integer default 5000
)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  ids text[];
begin
  ids := array(
    select gone.object_id
    from clerk_sync.gone_objects as gone
    where gone.run_id = count_gone_objects.run_id
      and gone.table_name = count_gone_objects.table_name
      and gone.object_id > after_id
    order by gone.object_id
    limit page_size
  );
  return jsonb_build_object(
    'count', cardinality(ids),
    'last_id', case when cardinality(ids) = page_size then ids[page_size] end,
    'tables', public.count_deletions(table_name, to_jsonb(ids))
  );
end;
$$;

revoke execute on function public.count_gone_objects (bigint, text, text, integer) from public, anon, authenticated;
grant execute on function public.count_gone_objects (bigint, text, text, integer) to service_role;

-- Forgets what other runs left behind, this many at once. Returns how many there were.
create function public.forget_gone_objects(except_run_id bigint, page_size integer default 10000)
returns integer
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  forgotten integer;
begin
  delete from clerk_sync.gone_objects
  where ctid = any (
    array(
      select gone.ctid
      from clerk_sync.gone_objects as gone
      where gone.run_id <> except_run_id
      limit page_size
    )
  );
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

revoke execute on function public.forget_gone_objects (bigint, integer) from public, anon, authenticated;
grant execute on function public.forget_gone_objects (bigint, integer) to service_role;
