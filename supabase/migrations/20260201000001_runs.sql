-- Runs: backfills and reconciliations, current and past. One worker at a time works on a run, for as long as
-- a lease lasts, and saves its progress, so that a run outlives its workers.

create table clerk_sync.runs (
  id bigint not null generated always as identity,
  kind text not null,
  asked_by text not null,
  -- Whether the run writes the differences that it finds. A backfill always does.
  is_repair boolean not null,
  -- The options that were given: `{"only", "grace", "allow_deletions", "since"}`.
  options jsonb not null default '{}',
  state text not null default 'open',
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  -- How often the run was taken, including by workers that were killed.
  slice_count integer not null default 0,
  -- Failed slices in a row without progress.
  failure_count integer not null default 0,
  -- The token of the worker that took the run last; only that worker may save progress, or conclude the run.
  lease uuid,
  -- No one else takes the run before this time: it is being worked on, or postponed.
  lease_until timestamptz not null default now(),
  -- Where the next slice continues, as the run's code understands it.
  progress jsonb not null default '{}',
  -- By resource, in their order, including the current one. For a reconciliation: `[{"name", "compared",
  -- "missing", "outdated", "buried", "gone", "repaired", "refused": [{"id", "reason"}], "refused_count",
  -- "kept", "skipped", "shortfall"}]`; for a backfill: `[{"name", "count", "refused", "refused_count",
  -- "skipped", "shortfall"}]`. `refused` are the first 20; the last three keys are only there if they apply.
  results jsonb not null default '[]',
  -- Why the run failed; for an open one, why the last slice failed.
  error text,
  constraint runs_pkey primary key (id),
  constraint runs_kind_check check (kind in ('backfill', 'reconcile')),
  constraint runs_asked_by_check check (asked_by in ('command', 'schedule', 'request')),
  constraint runs_state_check check (state in ('open', 'done', 'failed')),
  constraint runs_ended_at_check check ((state = 'open') = (ended_at is null)),
  constraint runs_error_check check (state <> 'failed' or error is not null)
);

comment on table clerk_sync.runs is 'Backfills and reconciliations: the open one, and the last 100 of each kind';

-- One open run at a time.
create unique index runs_open_key on clerk_sync.runs (state) where state = 'open';
-- Serves `read_runs()`, and the limit on the number of runs.
create index runs_kind_id_idx on clerk_sync.runs (kind, id);

alter table clerk_sync.runs enable row level security;
revoke all on clerk_sync.runs from anon, authenticated;
grant select, insert, update, delete on clerk_sync.runs to service_role;

create policy "The service role manages runs" on clerk_sync.runs
for all to service_role using (true) with check (true);

-- A run as it is shown: without its lease and its progress. `is_leased`: someone is working on it, or it is
-- postponed until `lease_until`.
create function clerk_sync.show_run(run clerk_sync.runs)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select to_jsonb(run) - array['lease', 'progress'] || jsonb_build_object(
    'is_leased', run.state = 'open' and run.lease_until > now()
  );
$$;

revoke execute on function clerk_sync.show_run (clerk_sync.runs) from public, anon, authenticated;
grant execute on function clerk_sync.show_run (clerk_sync.runs) to service_role;

-- Closes abandoned runs. A command's run is its own: once the lease has expired, the command is gone. Anyone
-- who asks can take any other run, which counts as abandoned when no one has for that long.
create function clerk_sync.close_left_runs(left_for interval)
returns void
language sql
set search_path = ''
as $$
  update clerk_sync.runs
  set
    state = 'failed', ended_at = now(), lease = null, progress = '{}',
    error = coalesce('Nothing continued it after this: ' || runs.error, 'Nothing continued it')
  where runs.state = 'open'
    and runs.lease_until < case when runs.asked_by = 'command' then now() else now() - left_for end;
$$;

revoke execute on function clerk_sync.close_left_runs (interval) from public, anon, authenticated;
grant execute on function clerk_sync.close_left_runs (interval) to service_role;

-- Begins a run and takes it, if none is open: `{"is_new": true, "run", "lease", "progress"}`. Otherwise it
-- changes nothing, and says so: `{"is_new": false, "run"}` is the open one, of either kind. A command, which
-- can't continue another worker's run, closes one that no one has touched for 15 minutes.
create function public.begin_run(
  kind text,
  asked_by text,
  is_repair boolean,
  options jsonb,
  lease_seconds integer
)
returns jsonb
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  run clerk_sync.runs;
begin
  perform clerk_sync.close_left_runs(
    case when begin_run.asked_by = 'command' then interval '15 minutes' end
  );
  loop
    -- The key decides; looking first only avoids using up ids for nothing.
    select runs.* into run from clerk_sync.runs where runs.state = 'open';
    if found then
      return jsonb_build_object('is_new', false, 'run', clerk_sync.show_run(run));
    end if;

    insert into clerk_sync.runs (kind, asked_by, is_repair, options, slice_count, lease, lease_until)
    values (
      begin_run.kind, begin_run.asked_by, begin_run.is_repair, begin_run.options, 1,
      gen_random_uuid(), now() + make_interval(secs => lease_seconds)
    )
    on conflict (state) where state = 'open' do nothing
    returning runs.* into run;
    exit when found;
  end loop;

  delete from clerk_sync.runs
  where runs.kind = begin_run.kind
    and runs.id <= (
      select numbered.id
      from clerk_sync.runs as numbered
      where numbered.kind = begin_run.kind
      order by numbered.id desc
      offset 100
      limit 1
    );
  return jsonb_build_object(
    'is_new', true, 'run', clerk_sync.show_run(run), 'lease', run.lease, 'progress', run.progress
  );
end;
$$;

revoke execute on function public.begin_run (text, text, boolean, jsonb, integer) from public, anon, authenticated;
grant execute on function public.begin_run (text, text, boolean, jsonb, integer) to service_role;

-- Takes the open run if no one is working on it: `{"run", "lease", "progress"}`. `{"run"}` alone means that
-- someone is working on it, or that it is postponed; null means that none is open. A command's run is never
-- taken: when the command is gone, it is closed.
create function public.take_run(lease_seconds integer)
returns jsonb
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  run clerk_sync.runs;
begin
  perform clerk_sync.close_left_runs(null);
  update clerk_sync.runs
  set
    slice_count = runs.slice_count + 1,
    lease = gen_random_uuid(),
    lease_until = now() + make_interval(secs => lease_seconds)
  where runs.state = 'open' and runs.asked_by <> 'command' and runs.lease_until <= now()
  returning runs.* into run;
  if found then
    return jsonb_build_object(
      'run', clerk_sync.show_run(run), 'lease', run.lease, 'progress', run.progress
    );
  end if;

  select runs.* into run from clerk_sync.runs where runs.state = 'open';
  return case when found then jsonb_build_object('run', clerk_sync.show_run(run)) end;
end;
$$;

revoke execute on function public.take_run (integer) from public, anon, authenticated;
grant execute on function public.take_run (integer) to service_role;

-- Saves a run's progress, and renews the lease. Returns false, and changes nothing, if someone else has the
-- lease by now, or the run is closed.
create function public.keep_run(
  run_id bigint,
  run_lease uuid,
  lease_seconds integer,
  progress jsonb,
  results jsonb
)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  update clerk_sync.runs
  set
    progress = keep_run.progress,
    results = keep_run.results,
    failure_count = 0,
    error = null,
    lease_until = now() + make_interval(secs => lease_seconds)
  where runs.id = run_id and runs.lease = run_lease and runs.state = 'open';
  return found;
end;
$$;

revoke execute on function public.keep_run (bigint, uuid, integer, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.keep_run (bigint, uuid, integer, jsonb, jsonb) to service_role;

-- Releases a run after a slice, so that the next slice can take it. If the slice failed, `reason` says why,
-- and the run is postponed.
create function public.release_run(
  run_id bigint,
  run_lease uuid,
  reason text default null,
  delay_seconds double precision default 0
)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  update clerk_sync.runs
  set
    lease = null,
    lease_until = now() + make_interval(secs => delay_seconds),
    failure_count = case when reason is null then 0 else runs.failure_count + 1 end,
    error = left(reason, 1000)
  where runs.id = run_id and runs.lease = run_lease and runs.state = 'open';
  return found;
end;
$$;

revoke execute on function public.release_run (bigint, uuid, text, double precision) from public, anon, authenticated;
grant execute on function public.release_run (bigint, uuid, text, double precision) to service_role;

-- Concludes a run: done, or failed if there is a reason. A backfill that is done no longer needs its cursors;
-- one that failed leaves them to the next. Returns false if someone else has the lease by now.
create function public.conclude_run(
  run_id bigint,
  run_lease uuid,
  results jsonb,
  reason text default null
)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  run clerk_sync.runs;
begin
  update clerk_sync.runs
  set
    state = case when reason is null then 'done' else 'failed' end,
    ended_at = clock_timestamp(),
    lease = null,
    lease_until = now(),
    progress = '{}',
    results = conclude_run.results,
    error = left(reason, 1000)
  where runs.id = run_id and runs.lease = run_lease and runs.state = 'open'
  returning runs.* into run;
  if not found then
    return false;
  end if;

  if run.kind = 'backfill' and run.state = 'done' and not run.options ? 'since' then
    delete from clerk_sync.backfill_cursors
    where resource in (select result ->> 'name' from jsonb_array_elements(run.results) as result);
  end if;
  return true;
end;
$$;

revoke execute on function public.conclude_run (bigint, uuid, jsonb, text) from public, anon, authenticated;
grant execute on function public.conclude_run (bigint, uuid, jsonb, text) to service_role;

-- Runs, newest first, as JSON: what was requested by whom and when, how it ended, what it found.
create function public.read_runs(kind text default null, page_size integer default 20)
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select coalesce(jsonb_agg(clerk_sync.show_run(page.run) order by page.id desc), '[]')
  from (
    select runs as run, runs.id
    from clerk_sync.runs
    where read_runs.kind is null or runs.kind = read_runs.kind
    order by runs.id desc
    limit page_size
  ) as page;
$$;

revoke execute on function public.read_runs (text, integer) from public, anon, authenticated;
grant execute on function public.read_runs (text, integer) to service_role;

-- A backfill saves its cursor together with the run, so that a worker that has lost the lease moves neither.
-- Returns false in that case.
create function public.keep_backfill_run(
  run_id bigint,
  run_lease uuid,
  lease_seconds integer,
  progress jsonb,
  results jsonb,
  resource text,
  last_position jsonb,
  object_count bigint,
  is_finished boolean
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

  perform public.keep_backfill_cursor(resource, last_position, object_count, is_finished);
  return true;
end;
$$;

revoke execute on function public.keep_backfill_run (bigint, uuid, integer, jsonb, jsonb, text, jsonb, bigint, boolean) from public, anon, authenticated;
grant execute on function public.keep_backfill_run (bigint, uuid, integer, jsonb, jsonb, text, jsonb, bigint, boolean) to service_role;
