-- Session logs: one row for every Clerk session, kept after its end.

create table public.session_logs (
  id text not null,
  user_id text not null,
  client_id text,
  status text,
  -- No foreign key: the log outlives the organization.
  last_active_organization_id text,
  actor jsonb,
  device_type text,
  is_mobile boolean,
  browser_name text,
  browser_version text,
  city text,
  country text,
  ip_address inet,
  user_agent text,
  last_active_at timestamptz,
  expire_at timestamptz,
  abandon_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint session_logs_pkey primary key (id),
  constraint session_logs_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);

comment on table public.session_logs is 'Clerk sessions, one row each';
comment on column public.session_logs.actor is 'Who impersonates the user in this session, if anybody';
comment on column public.session_logs.ip_address is 'Where session.created came from';
comment on column public.session_logs.user_agent is 'What session.created was sent by';
comment on column public.session_logs.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.session_logs.synced_at is 'Time of the event that last wrote the row';

-- Serves "my sessions, newest first", and the user's deletion.
create index session_logs_user_id_created_at_idx on public.session_logs (user_id, created_at desc);

alter table public.session_logs enable row level security;
revoke all on public.session_logs from anon, authenticated;
grant select on public.session_logs to authenticated;
grant select, insert, update, delete on public.session_logs to service_role;

create policy "Users can read their own sessions" on public.session_logs
for select to authenticated using (user_id = (select clerk_sync.user_id()) and deleted_at is null);

-- Writes sessions and returns how many moved up. One is stored only while
-- neither itself nor its user is deleted.
create function clerk_sync.write_session_logs(sessions jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.session_logs as stored (
    id, user_id, client_id, status, last_active_organization_id, actor, device_type, is_mobile,
    browser_name, browser_version, city, country, ip_address, user_agent, last_active_at, expire_at,
    abandon_at, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(sessions, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, user_id text, client_id text, status text, last_active_organization_id text,
      actor jsonb, device_type text, is_mobile boolean, browser_name text, browser_version text,
      city text, country text, ip_address inet, user_agent text, last_active_at timestamptz,
      expire_at timestamptz, abandon_at timestamptz, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    client_id = excluded.client_id,
    status = excluded.status,
    last_active_organization_id = excluded.last_active_organization_id,
    actor = excluded.actor,
    device_type = excluded.device_type,
    is_mobile = excluded.is_mobile,
    browser_name = excluded.browser_name,
    browser_version = excluded.browser_version,
    city = excluded.city,
    country = excluded.country,
    ip_address = case when excluded.deleted_at is null then stored.ip_address end,
    user_agent = case when excluded.deleted_at is null then stored.user_agent end,
    last_active_at = excluded.last_active_at,
    expire_at = excluded.expire_at,
    abandon_at = excluded.abandon_at,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    deleted_at = excluded.deleted_at,
    synced_at = excluded.synced_at,
    version = excluded.version
  where stored.version < excluded.version;
  get diagnostics moved = row_count;

  -- Facts of session.created rather than of the session's version: written whenever that event comes,
  -- early or late, and by no other. Should Clerk ever tell of one session twice, the higher of the two
  -- stays, whichever comes first. Where the event has just inserted the row, nothing is left to change.
  update public.session_logs as stored
  set ip_address = incoming.ip_address, user_agent = incoming.user_agent
  from jsonb_to_recordset(sessions) as incoming (id text, ip_address inet, user_agent text)
  where webhook ->> 'type' = 'session.created'
    and stored.id = incoming.id
    and stored.deleted_at is null
    and (coalesce(stored.ip_address::text, '') collate "C", coalesce(stored.user_agent, '') collate "C")
      < (coalesce(incoming.ip_address::text, '') collate "C", coalesce(incoming.user_agent, '') collate "C");
  return moved;
end;
$$;

revoke execute on function clerk_sync.write_session_logs (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_session_logs (jsonb, jsonb) to service_role;

-- session.created, .pending, .ended, .removed and .revoked. The user nested in the event is a full
-- object; where it is missing, its row has nothing but the id.
create function public.log_sessions(sessions jsonb, profiles jsonb, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[sessions, profiles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_profiles(profiles, webhook);
  return clerk_sync.end_call(claim, webhook, clerk_sync.write_session_logs(sessions, webhook) > 0);
end;
$$;

revoke execute on function public.log_sessions (jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.log_sessions (jsonb, jsonb, jsonb) to service_role;

-- No event tells that a session has expired or was abandoned: its timestamps do.
create view public.session_states
with (security_invoker = true)
as
select
  id,
  user_id,
  case
    when status in ('active', 'pending') and expire_at <= now() then 'expired'
    when status in ('active', 'pending') and abandon_at <= now() then 'abandoned'
    else status
  end as current_status
from public.session_logs;

comment on view public.session_states is 'Each session''s status as of now: what events told, or expired or abandoned since';

revoke all on public.session_states from anon, authenticated;
grant select on public.session_states to authenticated, service_role;
