-- Stands in for pg_cron, pg_net and Supabase's Vault, which the embedded Postgres can't have: the same
-- names, arguments and columns, as far as the mirror uses them. Nothing runs by itself: a test does what
-- the background workers would do.

create schema cron;
grant usage on schema cron to postgres;

create table cron.job (
  jobid bigint generated always as identity primary key,
  schedule text not null,
  command text not null,
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
grant select, insert, update, delete on cron.job to postgres;

create table cron.job_run_details (
  jobid bigint,
  runid bigint generated always as identity primary key,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz,
  username text not null default 'postgres'
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);
grant select, delete on cron.job_run_details to postgres;

create function cron.schedule(job_name text, schedule text, command text)
returns bigint
language plpgsql
as $$
declare
  id bigint;
begin
  if schedule !~ '^(\d+ seconds?|(\S+ ){4}\S+)$' then
    raise exception 'invalid schedule: %', schedule;
  end if;
  insert into cron.job as stored (jobname, schedule, command, username)
  values (job_name, schedule, command, current_user)
  on conflict on constraint jobname_username_uniq do update set
    schedule = excluded.schedule, command = excluded.command, active = true
  returning stored.jobid into id;
  return id;
end;
$$;

create function cron.unschedule(job_id bigint)
returns boolean
language plpgsql
as $$
begin
  delete from cron.job where jobid = job_id;
  if not found then
    raise exception 'could not find valid entry for job %', job_id;
  end if;
  return true;
end;
$$;

create schema net;
grant usage on schema net to postgres;

create table net.http_request_queue (
  id bigint generated always as identity primary key,
  method text not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);
grant select, insert on net.http_request_queue to postgres;

create function net.http_post(
  url text,
  body jsonb default '{}',
  params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
)
returns bigint
language sql
as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('POST', url, headers, convert_to(body::text, 'UTF8'), timeout_milliseconds)
  returning id;
$$;

create schema vault;
grant usage on schema vault to postgres;

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text unique,
  description text not null default '',
  secret text not null
);
grant select, insert, update, delete on vault.secrets to postgres;

create view vault.decrypted_secrets as
select id, name, description, secret, secret as decrypted_secret from vault.secrets;
grant select on vault.decrypted_secrets to postgres;

create function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default ''
)
returns uuid
language sql
as $$
  insert into vault.secrets (secret, name, description)
  values (new_secret, new_name, new_description)
  returning id;
$$;

create function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null
)
returns void
language sql
as $$
  update vault.secrets
  set
    secret = coalesce(new_secret, secret),
    name = coalesce(new_name, name),
    description = coalesce(new_description, description)
  where id = secret_id;
$$;
