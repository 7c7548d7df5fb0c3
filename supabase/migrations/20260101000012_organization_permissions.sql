-- Organization permissions: definitions that hold for the whole Clerk instance.

create table public.organization_permissions (
  id text not null,
  key text,
  name text,
  description text,
  type text,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organization_permissions_pkey primary key (id)
);

comment on table public.organization_permissions is 'Clerk organization permissions, by whose key memberships and roles name them';
comment on column public.organization_permissions.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.organization_permissions.synced_at is 'Time of the event that last wrote the row';

alter table public.organization_permissions enable row level security;
revoke all on public.organization_permissions from anon, authenticated;
grant select on public.organization_permissions to authenticated;
grant select, insert, update, delete on public.organization_permissions to service_role;

create policy "Users can read the definitions of permissions" on public.organization_permissions
for select to authenticated using (deleted_at is null);

-- Writes organization permissions and returns how many moved up.
create function clerk_sync.write_organization_permissions(permissions jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organization_permissions as stored (
    id, key, name, description, type, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(permissions, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, key text, name text, description text, type text, created_at timestamptz,
      updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    key = excluded.key,
    name = excluded.name,
    description = excluded.description,
    type = excluded.type,
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

revoke execute on function clerk_sync.write_organization_permissions (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_organization_permissions (jsonb, jsonb) to service_role;

-- permission.created, permission.updated, and a backfill of permissions.
create function public.upsert_organization_permissions(
  permissions jsonb,
  webhook jsonb default null
)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[permissions]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_organization_permissions(permissions, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_organization_permissions (jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_organization_permissions (jsonb, jsonb) to service_role;

-- permission.deleted.
create function public.delete_organization_permission(permission_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[permission_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('organization_permissions', permission_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_organization_permission (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization_permission (text, jsonb) to service_role;
