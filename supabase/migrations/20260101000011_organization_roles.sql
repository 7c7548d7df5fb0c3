-- Organization roles: definitions that hold for the whole Clerk instance.

create table public.organization_roles (
  id text not null,
  key text,
  name text,
  description text,
  permissions text[],
  is_creator_eligible boolean,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organization_roles_pkey primary key (id)
);

comment on table public.organization_roles is 'Clerk organization roles, by whose key memberships name them';
comment on column public.organization_roles.permissions is 'Keys of the permissions';
comment on column public.organization_roles.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.organization_roles.synced_at is 'Time of the event that last wrote the row';

alter table public.organization_roles enable row level security;
revoke all on public.organization_roles from anon, authenticated;
grant select on public.organization_roles to authenticated;
grant select, insert, update, delete on public.organization_roles to service_role;

create policy "Users can read the definitions of roles" on public.organization_roles
for select to authenticated using (deleted_at is null);

-- Writes organization roles and returns how many moved up.
create function clerk_sync.write_organization_roles(roles jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organization_roles as stored (
    id, key, name, description, permissions, is_creator_eligible, created_at, updated_at,
    deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(roles, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, key text, name text, description text, permissions text[],
      is_creator_eligible boolean, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    key = excluded.key,
    name = excluded.name,
    description = excluded.description,
    permissions = excluded.permissions,
    is_creator_eligible = excluded.is_creator_eligible,
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

revoke execute on function clerk_sync.write_organization_roles (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_organization_roles (jsonb, jsonb) to service_role;

-- role.created, role.updated, and a backfill of roles.
create function public.upsert_organization_roles(roles jsonb, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[roles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_organization_roles(roles, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_organization_roles (jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_organization_roles (jsonb, jsonb) to service_role;

-- role.deleted.
create function public.delete_organization_role(role_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[role_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('organization_roles', role_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_organization_role (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization_role (text, jsonb) to service_role;
