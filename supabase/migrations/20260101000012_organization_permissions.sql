-- Organization permissions: definitions that hold for the whole Clerk instance.

create table public.organization_permissions (
  id text not null,
  key text,
  name text,
  description text,
  type text,
  created_at timestamptz,
  updated_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint organization_permissions_pkey primary key (id)
);

comment on table public.organization_permissions is 'Clerk organization permissions, by whose key memberships and roles name them';
comment on column public.organization_permissions.synced_at is 'Time of the event that last wrote the row';

alter table public.organization_permissions enable row level security;
revoke all on public.organization_permissions from anon, authenticated;
grant select on public.organization_permissions to authenticated;
grant select, insert, update, delete on public.organization_permissions to service_role;

create policy "Users can read the definitions of permissions" on public.organization_permissions
for select to authenticated using (true);

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
  moved integer;
begin
  if claim = 'duplicate' then
    return claim;
  end if;

  insert into public.organization_permissions as stored
  select distinct on (incoming.id) incoming.*
  from clerk_sync.versioned(null::public.organization_permissions, permissions, webhook) as incoming
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    key = excluded.key,
    name = excluded.name,
    description = excluded.description,
    type = excluded.type,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    synced_at = excluded.synced_at,
    version = excluded.version
  where stored.version < excluded.version;
  get diagnostics moved = row_count;
  return clerk_sync.end_call(claim, webhook, moved > 0);
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
  has_moved boolean;
begin
  if claim = 'duplicate' then
    return claim;
  end if;

  has_moved := clerk_sync.bury_object(permission_id, webhook);
  delete from public.organization_permissions where id = permission_id;
  return clerk_sync.end_call(claim, webhook, has_moved);
end;
$$;

revoke execute on function public.delete_organization_permission (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_organization_permission (text, jsonb) to service_role;
