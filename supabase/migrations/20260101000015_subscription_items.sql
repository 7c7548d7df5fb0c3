-- Items of billing subscriptions: which plan, for which period.

create table public.subscription_items (
  id text not null,
  user_id text,
  organization_id text,
  subscription_id text,
  plan_id text,
  plan_slug text,
  plan_name text,
  status text,
  interval text,
  amount integer,
  currency text,
  quantity integer,
  is_free_trial boolean,
  period_start timestamptz,
  period_end timestamptz,
  canceled_at timestamptz,
  ended_at timestamptz,
  past_due_at timestamptz,
  details jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint subscription_items_pkey primary key (id),
  constraint subscription_items_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint subscription_items_organization_id_fkey
    foreign key (organization_id) references public.organizations (id) on delete cascade
);

comment on table public.subscription_items is 'Items of Clerk billing subscriptions';
comment on column public.subscription_items.user_id is 'The payer, if a user pays';
comment on column public.subscription_items.organization_id is 'The payer, if an organization pays';
comment on column public.subscription_items.subscription_id is 'No foreign key: the item may come first, and goes with the owner that both share';
comment on column public.subscription_items.interval is 'month or annual; Clerk calls it plan_period as well';
comment on column public.subscription_items.amount is 'In the smallest unit of the currency';
comment on column public.subscription_items.quantity is 'Seats, where the plan counts them';
comment on column public.subscription_items.details is 'What else Clerk tells, as it is';
comment on column public.subscription_items.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.subscription_items.synced_at is 'Time of the event that last wrote the row';

-- Serves the policy, and the user's deletion.
create index subscription_items_user_id_idx on public.subscription_items (user_id);
-- Serves the policy, and the organization's deletion.
create index subscription_items_organization_id_idx on public.subscription_items (organization_id);
-- Serves "the items of a subscription".
create index subscription_items_subscription_id_idx on public.subscription_items (subscription_id);

alter table public.subscription_items enable row level security;
revoke all on public.subscription_items from anon, authenticated;
grant select on public.subscription_items to authenticated;
grant select, insert, update, delete on public.subscription_items to service_role;

create policy "Payers can read the items of their subscriptions" on public.subscription_items
for select to authenticated using (
  (
    user_id = (select clerk_sync.user_id())
    or organization_id = any (array(select clerk_sync.organization_ids('org:sys_billing:read')))
  )
  and deleted_at is null
);

-- Writes subscription items and returns how many moved up. One is stored only while
-- neither itself nor its payer is deleted.
create function clerk_sync.write_subscription_items(items jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.subscription_items as stored (
    id, user_id, organization_id, subscription_id, plan_id, plan_slug, plan_name, status, interval,
    amount, currency, quantity, is_free_trial, period_start, period_end, canceled_at, ended_at,
    past_due_at, details, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(items, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, user_id text, organization_id text, subscription_id text, plan_id text,
      plan_slug text, plan_name text, status text, interval text, amount integer, currency text,
      quantity integer, is_free_trial boolean, period_start timestamptz, period_end timestamptz,
      canceled_at timestamptz, ended_at timestamptz, past_due_at timestamptz, details jsonb,
      created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id, incoming.organization_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    subscription_id = excluded.subscription_id,
    plan_id = excluded.plan_id,
    plan_slug = excluded.plan_slug,
    plan_name = excluded.plan_name,
    status = excluded.status,
    interval = excluded.interval,
    amount = excluded.amount,
    currency = excluded.currency,
    quantity = excluded.quantity,
    is_free_trial = excluded.is_free_trial,
    period_start = excluded.period_start,
    period_end = excluded.period_end,
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

revoke execute on function clerk_sync.write_subscription_items (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_subscription_items (jsonb, jsonb) to service_role;

-- All subscriptionItem events, and a backfill of subscription items.
create function public.upsert_subscription_items(
  items jsonb,
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
  claim text := clerk_sync.begin_call(webhook, array[items, organizations, profiles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);
  perform clerk_sync.write_profiles(profiles, webhook);

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_subscription_items(items, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_subscription_items (jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_subscription_items (jsonb, jsonb, jsonb, jsonb) to service_role;
