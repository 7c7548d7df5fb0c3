-- Organizations. Who may read one depends on its memberships: the policy is with them.

create table public.organizations (
  id text not null,
  name text,
  slug text,
  image_url text,
  has_image boolean,
  max_allowed_memberships integer,
  admin_delete_enabled boolean,
  public_metadata jsonb,
  -- No foreign key: the organization outlives its creator.
  created_by text,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organizations_pkey primary key (id)
);

comment on table public.organizations is 'Clerk organizations. Slugs move between organizations and events come in any order, so they are not unique';
comment on column public.organizations.created_by is 'The user id of the creator, who may be deleted meanwhile';
comment on column public.organizations.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.organizations.synced_at is 'Time of the event that last wrote the row; null for a placeholder, an organization of which only its memberships have told so far';

alter table public.organizations enable row level security;
revoke all on public.organizations from anon, authenticated;
grant select on public.organizations to authenticated;
grant select, insert, update, delete on public.organizations to service_role;

-- Writes facts about organizations and returns how many moved up.
create function clerk_sync.write_organizations(organizations jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organizations as stored (
    id, name, slug, image_url, has_image, max_allowed_memberships, admin_delete_enabled,
    public_metadata, created_by, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(organizations, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, name text, slug text, image_url text, has_image boolean,
      max_allowed_memberships integer, admin_delete_enabled boolean, public_metadata jsonb,
      created_by text, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
    -- A parent is nearly always known already. To look costs less than to lock its row and write
    -- that down, which `on conflict` does before it decides.
    and (
      incoming.updated_at is not null
      or not exists (
        select from public.organizations as known
        where known.id = incoming.id and known.version >= fact.version
      )
    )
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    name = excluded.name,
    slug = excluded.slug,
    image_url = excluded.image_url,
    has_image = excluded.has_image,
    max_allowed_memberships = excluded.max_allowed_memberships,
    admin_delete_enabled = excluded.admin_delete_enabled,
    public_metadata = excluded.public_metadata,
    created_by = excluded.created_by,
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

revoke execute on function clerk_sync.write_organizations (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_organizations (jsonb, jsonb) to service_role;

-- organization.created, organization.updated, and a backfill of organizations.
create function public.upsert_organizations(organizations jsonb, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[organizations]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_organizations(organizations, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_organizations (jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_organizations (jsonb, jsonb) to service_role;

-- organization.deleted. What belongs to the organization goes with the row, by `on delete cascade`.
create function public.delete_organization(organization_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[organization_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('organizations', organization_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_organization (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization (text, jsonb) to service_role;
