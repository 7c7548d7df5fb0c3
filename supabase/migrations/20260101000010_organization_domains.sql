-- Organization domains.

create table public.organization_domains (
  id text not null,
  organization_id text not null,
  name text,
  enrollment_mode text,
  verification_status text,
  verification_strategy text,
  affiliation_email_address text,
  total_pending_invitations integer,
  total_pending_suggestions integer,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organization_domains_pkey primary key (id),
  constraint organization_domains_organization_id_fkey
    foreign key (organization_id) references public.organizations (id) on delete cascade
);

comment on table public.organization_domains is 'Clerk organization domains';
comment on column public.organization_domains.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.organization_domains.synced_at is 'Time of the event that last wrote the row';

-- Serves the policy (an organization's domains) and the organization's deletion.
create index organization_domains_organization_id_idx on public.organization_domains (organization_id);

alter table public.organization_domains enable row level security;
revoke all on public.organization_domains from anon, authenticated;
grant select on public.organization_domains to authenticated;
grant select, insert, update, delete on public.organization_domains to service_role;

create policy "Members can read the domains of their organizations" on public.organization_domains
for select to authenticated using (
  organization_id = any (array(select clerk_sync.organization_ids())) and deleted_at is null
);

-- Writes organization domains and returns how many moved up. One is stored only while
-- neither itself nor its organization is deleted.
create function clerk_sync.write_organization_domains(domains jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organization_domains as stored (
    id, organization_id, name, enrollment_mode, verification_status, verification_strategy,
    affiliation_email_address, total_pending_invitations, total_pending_suggestions, created_at,
    updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(domains, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, organization_id text, name text, enrollment_mode text, verification_status text,
      verification_strategy text, affiliation_email_address text, total_pending_invitations integer,
      total_pending_suggestions integer, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.organization_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    organization_id = excluded.organization_id,
    name = excluded.name,
    enrollment_mode = excluded.enrollment_mode,
    verification_status = excluded.verification_status,
    verification_strategy = excluded.verification_strategy,
    affiliation_email_address = excluded.affiliation_email_address,
    total_pending_invitations = excluded.total_pending_invitations,
    total_pending_suggestions = excluded.total_pending_suggestions,
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

revoke execute on function clerk_sync.write_organization_domains (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_organization_domains (jsonb, jsonb) to service_role;

-- organizationDomain.created, organizationDomain.updated, and a backfill of domains.
create function public.upsert_organization_domains(
  domains jsonb,
  organizations jsonb,
  webhook jsonb default null
)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[domains, organizations]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_organization_domains(domains, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_organization_domains (jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_organization_domains (jsonb, jsonb, jsonb) to service_role;

-- organizationDomain.deleted.
create function public.delete_organization_domain(domain_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[domain_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('organization_domains', domain_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_organization_domain (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization_domain (text, jsonb) to service_role;
