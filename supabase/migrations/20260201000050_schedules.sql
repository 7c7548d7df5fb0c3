-- The schedule: what Supabase itself does for the mirror, with pg_cron and pg_net. None of it is there until
-- `clerk_sync.schedule()` is called, and nothing is left after `clerk_sync.unschedule()`.
--
-- | job                    | when                        | what                                                |
-- | ---------------------- | --------------------------- | --------------------------------------------------- |
-- | clerk_mirror_work      | minutely, while work waits  | wakes the functions that have something to do       |
-- | clerk_mirror_reconcile | as asked, daily by default  | asks `clerk-reconcile` for a run                    |
-- | clerk_mirror_prune     | daily                       | removes what is expired                             |
--
-- Everything that belongs to the extensions is named in dynamic SQL, with the schema as an argument: only
-- some projects have them, and plpgsql_check reads constant dynamic SQL.

create table clerk_sync.schedules (
  -- One row at most.
  is_set boolean not null default true,
  project_url text not null,
  -- When to reconcile, in pg_cron's format; null for never.
  reconcile_at text,
  is_repair boolean not null,
  scheduled_at timestamptz not null default now(),
  constraint schedules_pkey primary key (is_set),
  constraint schedules_is_set_check check (is_set)
);

comment on table clerk_sync.schedules is 'The arguments of clerk_sync.schedule(); empty without a schedule';

alter table clerk_sync.schedules enable row level security;
revoke all on clerk_sync.schedules from anon, authenticated;
grant select, insert, update, delete on clerk_sync.schedules to service_role;

create policy "The service role manages schedules" on clerk_sync.schedules
for all to service_role using (true) with check (true);

-- The extensions that a schedule needs and the database is missing.
create function clerk_sync.missing_extensions()
returns text[]
language sql
stable
set search_path = ''
as $$
  select array_remove(array[
    case when to_regprocedure('cron.schedule(text, text, text)') is null then 'pg_cron' end,
    case when not exists (
      select from pg_catalog.pg_proc
      where pronamespace = to_regnamespace('net') and proname = 'http_post'
    ) then 'pg_net' end,
    case when to_regclass('vault.decrypted_secrets') is null then 'supabase_vault' end
  ], null);
$$;

revoke execute on function clerk_sync.missing_extensions () from public, anon, authenticated;
grant execute on function clerk_sync.missing_extensions () to service_role;

-- Wakes one of the mirror's functions: a request that no one waits for. Does nothing without a schedule.
create function clerk_sync.wake_function(function_name text, body jsonb default '{}')
returns void
language plpgsql
set search_path = ''
as $$
declare
  project_url text := (select schedules.project_url from clerk_sync.schedules);
  secret_key text;
begin
  if project_url is null then
    return;
  end if;

  execute format($sql$
    select decrypted_secret from %I.decrypted_secrets where name = 'clerk_mirror_secret_key'
  $sql$, 'vault') into secret_key;
  -- A function may run for 150 s: hanging up before that might end it.
  execute format($sql$
    select %I.http_post(url => $1, body => $2, headers => $3, timeout_milliseconds => 150000)
  $sql$, 'net') using
    format('%s/functions/v1/%s', project_url, function_name),
    body,
    jsonb_build_object('Content-Type', 'application/json', 'apikey', secret_key);
end;
$$;

revoke execute on function clerk_sync.wake_function (text, jsonb) from public, anon, authenticated;

-- Makes sure that pending work is looked after: every minute, or if it `is_late`, so that speed no longer
-- matters, every quarter of an hour. With null, an existing job stays as it is.
create function clerk_sync.watch_work(is_late boolean default null)
returns void
language plpgsql
set search_path = ''
as $$
declare
  wanted text := case when is_late then '*/15 * * * *' else '* * * * *' end;
  present text;
begin
  execute format($sql$
    select schedule from %I.job where jobname = 'clerk_mirror_work'
  $sql$, 'cron') into present;
  if present is null or (is_late is not null and present <> wanted) then
    execute format($sql$
      select %I.schedule('clerk_mirror_work', $1, 'select clerk_sync.do_work()')
    $sql$, 'cron') using wanted;
  end if;
end;
$$;

revoke execute on function clerk_sync.watch_work (boolean) from public, anon, authenticated;

-- When the oldest effect became due, or the next one will: not parked, and with a handler that isn't off.
create function clerk_sync.effects_wait_since()
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select min(outbox.due_at)
  from clerk_sync.outbox
  where outbox.parked_at is null
    and not exists (
      select from clerk_sync.effects
      where effects.event_type = outbox.event_type
        and effects.handler = outbox.handler
        and not effects.is_enabled
    );
$$;

revoke execute on function clerk_sync.effects_wait_since () from public, anon, authenticated;

-- What the job does that exists while work is pending: it wakes the functions that have something to do, and
-- removes itself once nothing is pending any more. A transaction that adds work holds the lock until it
-- commits, so that the job isn't removed while work is coming in. A run that no one has touched for a day is
-- given up.
create function clerk_sync.do_work()
returns void
language plpgsql
set search_path = ''
as $$
declare
  effects_since timestamptz;
  run_since timestamptz;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('clerk_sync.work', 0)) then
    return;
  end if;

  perform clerk_sync.close_left_runs(interval '1 day');
  effects_since := clerk_sync.effects_wait_since();
  run_since := (select runs.lease_until from clerk_sync.runs where runs.state = 'open');
  if coalesce(effects_since, run_since) is null then
    execute format($sql$
      select %1$I.unschedule(jobid) from %1$I.job where jobname = 'clerk_mirror_work'
    $sql$, 'cron');
    return;
  end if;

  perform clerk_sync.watch_work(
    is_late => least(effects_since, run_since) < now() - interval '1 hour'
  );
  if effects_since <= now() then
    perform clerk_sync.wake_function('clerk-effects');
  end if;
  if run_since <= now() then
    perform clerk_sync.wake_function('clerk-reconcile');
  end if;
end;
$$;

revoke execute on function clerk_sync.do_work () from public, anon, authenticated;

-- Asks for a reconciliation, as the schedule does.
create function clerk_sync.ask_for_reconciliation()
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform clerk_sync.wake_function(
    'clerk-reconcile',
    jsonb_build_object(
      'kind', 'reconcile',
      'repair', (select schedules.is_repair from clerk_sync.schedules),
      'asked_by', 'schedule'
    )
  );
end;
$$;

revoke execute on function clerk_sync.ask_for_reconciliation () from public, anon, authenticated;

-- Removes expired rows that no event comes along to remove: rows of the ledger, erased rows that the
-- application has released, and pg_cron's records of the mirror's own jobs after more than a week. Returns
-- `{"webhook_events", "erased_rows"}`, the number of rows removed; the rest is removed the next time.
create function clerk_sync.prune()
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  expired_count integer;
  removed_count integer := 0;
  page jsonb;
begin
  delete from clerk_sync.webhook_events
  where id = any (array(
    select oldest.id
    from (
      select webhook_events.id, webhook_events.received_at
      from clerk_sync.webhook_events
      order by webhook_events.id
      limit 10000
    ) as oldest
    where oldest.received_at < now() - clerk_sync.ledger_retention()
  ));
  get diagnostics expired_count = row_count;

  for page_number in 1 .. 20 loop
    page := public.prune_erased_rows(
      coalesce(page -> 'last' ->> 'table_name', ''),
      coalesce(page -> 'last' ->> 'object_id', '')
    );
    removed_count := removed_count + (page ->> 'removed')::integer;
    exit when page ->> 'last' is null;
  end loop;

  if to_regclass('cron.job_run_details') is not null then
    execute format($sql$
      delete from %I.job_run_details
      where command like 'select clerk\_sync.%%' and end_time < now() - interval '7 days'
    $sql$, 'cron');
  end if;
  return jsonb_build_object('webhook_events', expired_count, 'erased_rows', removed_count);
end;
$$;

revoke execute on function clerk_sync.prune () from public, anon, authenticated;

-- Stores the key where the jobs find it, encrypted.
create function clerk_sync.keep_secret_key(secret_key text)
returns void
language plpgsql
set search_path = ''
as $$
declare
  secret_id uuid;
begin
  execute format($sql$
    select id from %I.decrypted_secrets where name = 'clerk_mirror_secret_key'
  $sql$, 'vault') into secret_id;
  if secret_key is null then
    if secret_id is null then
      raise exception using
        errcode = 'invalid_parameter_value',
        message = 'The schedule needs a secret key of the project to call its functions',
        hint = 'Dashboard, Settings, API Keys: "sb_secret_…"';
    end if;
  elsif secret_id is null then
    execute format('select %I.create_secret($1, $2, $3)', 'vault')
    using secret_key, 'clerk_mirror_secret_key', 'The mirror''s schedule calls its functions with this key';
  else
    execute format('select %I.update_secret($1, $2)', 'vault') using secret_id, secret_key;
  end if;
end;
$$;

revoke execute on function clerk_sync.keep_secret_key (text) from public, anon, authenticated;

-- Makes Supabase look after the mirror: missed effects, interrupted runs, a reconciliation every night, and
-- pruning. Creates the extensions that are available and missing. It can be called again, with the same
-- arguments or others.
--
-- `project_url`: `https://<ref>.supabase.co`. `secret_key`: `sb_secret_…`; null for the previous one.
-- `reconcile_at`: in pg_cron's format, UTC; null for never. `is_repair`: whether a reconciliation repairs
-- what it finds. Returns the same as `clerk_sync.read_schedule()`.
create function clerk_sync.schedule(
  project_url text,
  secret_key text default null,
  reconcile_at text default '17 3 * * *',
  is_repair boolean default true
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  missing text;
begin
  if project_url is null or project_url !~ '^https?://[^/\s]+/?$' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('"%s" is not the address of a project, such as https://<ref>.supabase.co', project_url);
  end if;
  if secret_key !~ '^(sb_secret_|eyJ)' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'The key is not a secret key, which begins with "sb_secret_"';
  end if;

  foreach missing in array clerk_sync.missing_extensions() loop
    if not exists (select from pg_catalog.pg_available_extensions where name = missing) then
      raise exception using
        errcode = 'feature_not_supported',
        message = format('The schedule needs the extension "%s", which this database does not have', missing),
        hint = 'You can do its work from elsewhere, with the commands "effects --every 60" and "reconcile --repair"';
    end if;
    execute format('create extension if not exists %I cascade', missing);
  end loop;

  perform clerk_sync.keep_secret_key(secret_key);
  insert into clerk_sync.schedules as stored (project_url, reconcile_at, is_repair)
  values (rtrim(schedule.project_url, '/'), schedule.reconcile_at, schedule.is_repair)
  on conflict on constraint schedules_pkey do update set
    project_url = excluded.project_url,
    reconcile_at = excluded.reconcile_at,
    is_repair = excluded.is_repair,
    scheduled_at = excluded.scheduled_at;

  if reconcile_at is null then
    execute format($sql$
      select %1$I.unschedule(jobid) from %1$I.job where jobname = 'clerk_mirror_reconcile'
    $sql$, 'cron');
  else
    execute format($sql$
      select %I.schedule('clerk_mirror_reconcile', $1, 'select clerk_sync.ask_for_reconciliation()')
    $sql$, 'cron') using reconcile_at;
  end if;
  execute format($sql$
    select %I.schedule('clerk_mirror_prune', '41 3 * * *', 'select clerk_sync.prune()')
  $sql$, 'cron');
  perform clerk_sync.watch_work();
  -- A worker that was never woken has not yet reported which effects it can run.
  perform clerk_sync.wake_function('clerk-effects');
  return clerk_sync.read_schedule();
end;
$$;

revoke execute on function clerk_sync.schedule (text, text, text, boolean) from public, anon, authenticated;

-- Undoes `clerk_sync.schedule()`: its jobs, its key. The extensions stay. Returns true if there was a
-- schedule.
create function clerk_sync.unschedule()
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  was_set boolean;
begin
  if to_regclass('cron.job') is not null then
    execute format($sql$
      select %1$I.unschedule(jobid)
      from %1$I.job
      where jobname in ('clerk_mirror_work', 'clerk_mirror_reconcile', 'clerk_mirror_prune')
    $sql$, 'cron');
  end if;
  if to_regclass('vault.secrets') is not null then
    execute format($sql$
      delete from %I.secrets where name = 'clerk_mirror_secret_key'
    $sql$, 'vault');
  end if;
  delete from clerk_sync.schedules;
  was_set := found;
  return was_set;
end;
$$;

revoke execute on function clerk_sync.unschedule () from public, anon, authenticated;

-- Whether there is a schedule, and how its jobs are doing: `{"is_scheduled", "project_url",
-- "missing_extensions", "jobs": [{"name", "schedule", "is_active", "last_started_at", "last_status",
-- "last_message"}]}`. Security definer, since pg_cron only shows a job to its owner.
create function clerk_sync.read_schedule()
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  jobs jsonb := jsonb_build_array();
begin
  if to_regclass('cron.job_run_details') is not null then
    -- pg_cron's records of runs only have an index on their ids: only the latest are searched.
    execute format($sql$
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', job.jobname,
        'schedule', job.schedule,
        'is_active', job.active,
        'last_started_at', latest.start_time,
        'last_status', latest.status,
        'last_message', latest.return_message
      ) order by job.jobname), '[]')
      from %1$I.job
      left join lateral (
        select details.start_time, details.status, details.return_message
        from %1$I.job_run_details as details
        where details.jobid = job.jobid
          and details.runid > (select max(newest.runid) - 20000 from %1$I.job_run_details as newest)
        order by details.runid desc
        limit 1
      ) as latest on true
      where job.jobname in ('clerk_mirror_work', 'clerk_mirror_reconcile', 'clerk_mirror_prune')
    $sql$, 'cron') into jobs;
  end if;
  return jsonb_build_object(
    'is_scheduled', exists (select from clerk_sync.schedules),
    'project_url', (select schedules.project_url from clerk_sync.schedules),
    'missing_extensions', to_jsonb(clerk_sync.missing_extensions()),
    'jobs', jobs
  );
end;
$$;

revoke execute on function clerk_sync.read_schedule () from public, anon, authenticated;
grant execute on function clerk_sync.read_schedule () to service_role;

-- Whatever adds work makes sure that it is looked after. Security definer, since the jobs are the owner's. A
-- problem with the schedule must never fail an event.
create function clerk_sync.announce_work()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select from clerk_sync.schedules) then
    perform pg_advisory_xact_lock_shared(hashtextextended('clerk_sync.work', 0));
    perform clerk_sync.watch_work();
  end if;
  return null;
exception
  when others then
    raise warning 'The mirror''s schedule can''t be used: %', sqlerrm;
    return null;
end;
$$;

revoke execute on function clerk_sync.announce_work () from public, anon, authenticated;

create trigger announce_work after insert on clerk_sync.outbox
for each row execute function clerk_sync.announce_work();

create trigger announce_retried_work after update of parked_at on clerk_sync.outbox
for each row when (old.parked_at is not null and new.parked_at is null)
execute function clerk_sync.announce_work();

create trigger announce_work after insert on clerk_sync.runs
for each row execute function clerk_sync.announce_work();

create trigger announce_work after update of is_enabled on clerk_sync.effects
for each row when (new.is_enabled) execute function clerk_sync.announce_work();
