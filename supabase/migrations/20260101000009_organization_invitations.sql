-- Organization invitations. Their urls hold a token that accepts them, and are stored nowhere.

create table public.organization_invitations (
  id text not null,
  organization_id text not null,
  email_address text,
  role text,
  role_name text,
  status text,
  user_id text,
  public_metadata jsonb,
  expires_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organization_invitations_pkey primary key (id),
  constraint organization_invitations_organization_id_fkey
    foreign key (organization_id) references public.organizations (id) on delete cascade
);

comment on table public.organization_invitations is 'Clerk organization invitations';
comment on column public.organization_invitations.user_id is 'Who accepted the invitation; no foreign key, since it outlives the user';
comment on column public.organization_invitations.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.organization_invitations.synced_at is 'Time of the event that last wrote the row';

-- Serves the policy (an organization's invitations) and the organization's deletion.
create index organization_invitations_organization_id_idx on public.organization_invitations (organization_id);

alter table public.organization_invitations enable row level security;
revoke all on public.organization_invitations from anon, authenticated;
grant select on public.organization_invitations to authenticated;
grant select, insert, update, delete on public.organization_invitations to service_role;

create policy "Managers of memberships can read their invitations" on public.organization_invitations
for select to authenticated using (
  organization_id = any (array(select clerk_sync.organization_ids('org:sys_memberships:manage')))
  and deleted_at is null
);

-- Writes organization invitations and returns how many moved up. One is stored only while
-- neither itself nor its organization is deleted.
create function clerk_sync.write_organization_invitations(invitations jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organization_invitations as stored (
    id, organization_id, email_address, role, role_name, status, user_id, public_metadata,
    expires_at, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(invitations, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, organization_id text, email_address text, role text, role_name text, status text,
      user_id text, public_metadata jsonb, expires_at timestamptz, created_at timestamptz,
      updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.organization_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    organization_id = excluded.organization_id,
    email_address = excluded.email_address,
    role = excluded.role,
    role_name = excluded.role_name,
    status = excluded.status,
    user_id = excluded.user_id,
    public_metadata = excluded.public_metadata,
    expires_at = excluded.expires_at,
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

revoke execute on function clerk_sync.write_organization_invitations (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_organization_invitations (jsonb, jsonb) to service_role;

-- organizationInvitation.created, .accepted and .revoked, and a backfill of invitations.
create function public.upsert_organization_invitations(
  invitations jsonb,
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
  claim text := clerk_sync.begin_call(webhook, array[invitations, organizations]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_organization_invitations(invitations, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_organization_invitations (jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_organization_invitations (jsonb, jsonb, jsonb) to service_role;

-- No event tells that an invitation is gone: a reconciliation finds out.
create function public.delete_organization_invitation(invitation_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[invitation_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('organization_invitations', invitation_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_organization_invitation (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization_invitation (text, jsonb) to service_role;

-- No event tells that an invitation has expired: its timestamp does.
create view public.organization_invitation_states
with (security_invoker = true)
as
select
  id,
  organization_id,
  case when status = 'pending' and expires_at <= now() then 'expired' else status end as current_status
from public.organization_invitations;

comment on view public.organization_invitation_states is 'Each invitation''s status as of now: what events told, or expired since';

revoke all on public.organization_invitation_states from anon, authenticated;
grant select on public.organization_invitation_states to authenticated, service_role;
