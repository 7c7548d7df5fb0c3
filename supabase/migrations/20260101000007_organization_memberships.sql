-- Organization memberships, with Clerk's copy of the member's public data: co-members see each other
-- here, never through their profiles.

create table public.organization_memberships (
  id text not null,
  organization_id text not null,
  user_id text not null,
  role text,
  role_name text,
  permissions text[],
  public_metadata jsonb,
  identifier text,
  first_name text,
  last_name text,
  image_url text,
  has_image boolean,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organization_memberships_pkey primary key (id),
  constraint organization_memberships_organization_id_fkey
    foreign key (organization_id) references public.organizations (id) on delete cascade,
  constraint organization_memberships_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);

comment on table public.organization_memberships is 'Clerk organization memberships. A member who is added again gets a new id, which may come before the deletion of the old one: a user and an organization can have two for a moment';
comment on column public.organization_memberships.identifier is 'How Clerk shows the member to the others: an email address, a phone number or a username';
comment on column public.organization_memberships.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.organization_memberships.synced_at is 'Time of the event that last wrote the row';

-- Serves the policies (an organization's members) and the organization's deletion.
create index organization_memberships_organization_id_idx on public.organization_memberships (organization_id);
-- Serves `organization_ids()` from the index alone, and the user's deletion.
create index organization_memberships_user_id_organization_id_idx on public.organization_memberships (user_id, organization_id) include (deleted_at);

-- All organizations that the mirrored memberships give the caller. Security definer, because the
-- policy on memberships itself calls it: as the caller, it would ask that policy again, for ever.
create function clerk_sync.organization_ids()
returns setof text
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return query
  select memberships.organization_id
  from public.organization_memberships as memberships
  where memberships.user_id = (select clerk_sync.user_id()) and memberships.deleted_at is null;
end;
$$;

revoke execute on function clerk_sync.organization_ids () from public, anon;
grant execute on function clerk_sync.organization_ids () to authenticated, service_role;

-- Those of them in which the caller has a permission, custom or system: the form for policies, which
-- asks once for a query rather than once for a row.
create function clerk_sync.organization_ids(permission text)
returns setof text
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return query
  select memberships.organization_id
  from public.organization_memberships as memberships
  where memberships.user_id = (select clerk_sync.user_id())
    and memberships.deleted_at is null
    and organization_ids.permission = any (memberships.permissions);
end;
$$;

revoke execute on function clerk_sync.organization_ids (text) from public, anon;
grant execute on function clerk_sync.organization_ids (text) to authenticated, service_role;

-- Whether a mirrored membership gives the caller a permission (custom or system) in an organization.
-- Security definer for the same reason.
create function clerk_sync.has_organization_permission(organization_id text, permission text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return exists (
    select
    from public.organization_memberships as memberships
    where memberships.user_id = (select clerk_sync.user_id())
      and memberships.organization_id = has_organization_permission.organization_id
      and memberships.deleted_at is null
      and has_organization_permission.permission = any (memberships.permissions)
  );
end;
$$;

revoke execute on function clerk_sync.has_organization_permission (text, text) from public, anon;
grant execute on function clerk_sync.has_organization_permission (text, text) to authenticated, service_role;

alter table public.organization_memberships enable row level security;
revoke all on public.organization_memberships from anon, authenticated;
grant select on public.organization_memberships to authenticated;
grant select, insert, update, delete on public.organization_memberships to service_role;

-- As an array, the ids are an index condition; `in (select …)` would be a filter over the whole table.
create policy "Members can read their organizations" on public.organizations
for select to authenticated using (
  id = any (array(select clerk_sync.organization_ids())) and deleted_at is null
);

create policy "Members can read the memberships of their organizations" on public.organization_memberships
for select to authenticated using (
  organization_id = any (array(select clerk_sync.organization_ids())) and deleted_at is null
);

-- Writes memberships and returns how many moved up. One is stored only while neither itself nor its
-- organization nor its user is deleted.
create function clerk_sync.write_organization_memberships(memberships jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organization_memberships as stored (
    id, organization_id, user_id, role, role_name, permissions, public_metadata, identifier,
    first_name, last_name, image_url, has_image, created_at, updated_at, deleted_at, synced_at,
    version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(memberships, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, organization_id text, user_id text, role text, role_name text, permissions text[],
      public_metadata jsonb, identifier text, first_name text, last_name text, image_url text,
      has_image boolean, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id in (incoming.id, incoming.organization_id, incoming.user_id))
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    organization_id = excluded.organization_id,
    user_id = excluded.user_id,
    role = excluded.role,
    role_name = excluded.role_name,
    permissions = excluded.permissions,
    public_metadata = excluded.public_metadata,
    identifier = excluded.identifier,
    first_name = excluded.first_name,
    last_name = excluded.last_name,
    image_url = excluded.image_url,
    has_image = excluded.has_image,
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

revoke execute on function clerk_sync.write_organization_memberships (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_organization_memberships (jsonb, jsonb) to service_role;

-- organizationMembership.created, organizationMembership.updated, and a backfill of memberships.
-- The snapshots of organizations and users are facts of their own: they count even where the
-- membership is stale.
create function public.upsert_organization_memberships(
  memberships jsonb,
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
  claim text := clerk_sync.begin_call(webhook, array[memberships, organizations, profiles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);
  perform clerk_sync.write_profiles(profiles, webhook);
  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_organization_memberships(memberships, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_organization_memberships (jsonb, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_organization_memberships (jsonb, jsonb, jsonb, jsonb) to service_role;

-- organizationMembership.deleted. It is matched by its own id, since a member who was added again has
-- another one, and by no version: it carries the old `updated_at` of the membership.
create function public.delete_organization_membership(
  membership_id text,
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
  claim text := clerk_sync.begin_call(webhook, array[organizations, profiles], array[membership_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  perform clerk_sync.write_organizations(organizations, webhook);
  perform clerk_sync.write_profiles(profiles, webhook);
  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('organization_memberships', membership_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_organization_membership (text, jsonb, jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization_membership (text, jsonb, jsonb, jsonb) to service_role;
