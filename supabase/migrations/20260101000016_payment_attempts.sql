-- Billing payment attempts.

create table public.payment_attempts (
  id text not null,
  user_id text,
  organization_id text,
  payment_id text,
  status text,
  charge_type text,
  amount integer,
  currency text,
  failed_reason text,
  billing_date timestamptz,
  paid_at timestamptz,
  failed_at timestamptz,
  details jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint payment_attempts_pkey primary key (id),
  constraint payment_attempts_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint payment_attempts_organization_id_fkey
    foreign key (organization_id) references public.organizations (id) on delete cascade
);

comment on table public.payment_attempts is 'Clerk billing payment attempts';
comment on column public.payment_attempts.user_id is 'The payer, if a user pays';
comment on column public.payment_attempts.organization_id is 'The payer, if an organization pays';
comment on column public.payment_attempts.amount is 'The grand total, in the smallest unit of the currency';
comment on column public.payment_attempts.details is 'What else Clerk tells, as it is';
comment on column public.payment_attempts.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.payment_attempts.synced_at is 'Time of the event that last wrote the row';

-- Serves the policy, and the user's deletion.
create index payment_attempts_user_id_idx on public.payment_attempts (user_id);
-- Serves the policy, and the organization's deletion.
create index payment_attempts_organization_id_idx on public.payment_attempts (organization_id);

alter table public.payment_attempts enable row level security;
revoke all on public.payment_attempts from anon, authenticated;
grant select on public.payment_attempts to authenticated;
grant select, insert, update, delete on public.payment_attempts to service_role;

create policy "Payers can read their payment attempts" on public.payment_attempts
for select to authenticated using (
  (
    user_id = (select clerk_sync.user_id())
    or organization_id = any (array(select clerk_sync.organization_ids('org:sys_billing:read')))
  )
  and deleted_at is null
);

-- Writes payment attempts and returns how many moved up. One is stored only while
-- neither itself nor its payer is deleted.
create function clerk_sync.write_payment_attempts(attempts jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.payment_attempts as stored (
    id, user_id, organization_id, payment_id, status, charge_type, amount, currency, failed_reason,
    billing_date, paid_at, failed_at, details, created_at, updated_at, deleted_at, synced_at,
    version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(attempts, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, user_id text, organization_id text, payment_id text, status text, charge_type text,
      amount integer, currency text, failed_reason text, billing_date timestamptz,
      paid_at timestamptz, failed_at timestamptz, details jsonb, created_at timestamptz,
      updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id, incoming.organization_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    payment_id = excluded.payment_id,
    status = excluded.status,
    charge_type = excluded.charge_type,
    amount = excluded.amount,
    currency = excluded.currency,
    failed_reason = excluded.failed_reason,
    billing_date = excluded.billing_date,
    paid_at = excluded.paid_at,
    failed_at = excluded.failed_at,
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

revoke execute on function clerk_sync.write_payment_attempts (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_payment_attempts (jsonb, jsonb) to service_role;

-- paymentAttempt.created, paymentAttempt.updated, and a backfill of payment attempts.
create function public.upsert_payment_attempts(
  attempts jsonb,
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
  claim text := clerk_sync.begin_call(webhook, array[attempts, organizations, profiles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);
  perform clerk_sync.write_profiles(profiles, webhook);

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_payment_attempts(attempts, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_payment_attempts (jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_payment_attempts (jsonb, jsonb, jsonb, jsonb) to service_role;
