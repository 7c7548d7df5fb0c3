-- Billing subscriptions, of a user or of an organization.

create table public.subscriptions (
  id text not null,
  user_id text,
  organization_id text,
  status text,
  payer_id text,
  latest_payment_id text,
  active_at timestamptz,
  canceled_at timestamptz,
  ended_at timestamptz,
  past_due_at timestamptz,
  details jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint subscriptions_pkey primary key (id),
  constraint subscriptions_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint subscriptions_organization_id_fkey
    foreign key (organization_id) references public.organizations (id) on delete cascade
);

comment on table public.subscriptions is 'Clerk billing subscriptions';
comment on column public.subscriptions.user_id is 'The payer, if a user pays';
comment on column public.subscriptions.organization_id is 'The payer, if an organization pays';
comment on column public.subscriptions.details is 'What else Clerk tells, as it is';
comment on column public.subscriptions.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.subscriptions.synced_at is 'Time of the event that last wrote the row';

-- Serves the policy, and the user's deletion.
create index subscriptions_user_id_idx on public.subscriptions (user_id);
-- Serves the policy, and the organization's deletion.
create index subscriptions_organization_id_idx on public.subscriptions (organization_id);

alter table public.subscriptions enable row level security;
revoke all on public.subscriptions from anon, authenticated;
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;

create policy "Payers can read their subscriptions" on public.subscriptions
for select to authenticated using (
  (
    user_id = (select clerk_sync.user_id())
    or organization_id = any (array(select clerk_sync.organization_ids('org:sys_billing:read')))
  )
  and deleted_at is null
);

-- Writes subscriptions and returns how many moved up. One is stored only while
-- neither itself nor its payer is deleted.
create function clerk_sync.write_subscriptions(subscriptions jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.subscriptions as stored (
    id, user_id, organization_id, status, payer_id, latest_payment_id, active_at, canceled_at,
    ended_at, past_due_at, details, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(subscriptions, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, user_id text, organization_id text, status text, payer_id text,
      latest_payment_id text, active_at timestamptz, canceled_at timestamptz, ended_at timestamptz,
      past_due_at timestamptz, details jsonb, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id, incoming.organization_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    status = excluded.status,
    payer_id = excluded.payer_id,
    latest_payment_id = excluded.latest_payment_id,
    active_at = excluded.active_at,
    canceled_at = excluded.canceled_at,
    ended_at = excluded.ended_at,
    past_due_at = excluded.past_due_at,
    details = excluded.details,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    deleted_at = excluded.deleted_at,
    synced_at = excluded.synced_at,
    version = excluded.version
  where stored.version < excluded.version;
  get diagnostics moved = row_count;
  return moved;
end;
$$;

revoke execute on function clerk_sync.write_subscriptions (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_subscriptions (jsonb, jsonb) to service_role;

-- subscription.created, .updated, .active and .pastDue, and a backfill of subscriptions.
create function public.upsert_subscriptions(
  subscriptions jsonb,
  organizations jsonb,
  profiles jsonb,
  webhook jsonb default null
)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[subscriptions, organizations, profiles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);
  perform clerk_sync.write_profiles(profiles, webhook);

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_subscriptions(subscriptions, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_subscriptions (jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_subscriptions (jsonb, jsonb, jsonb, jsonb) to service_role;
