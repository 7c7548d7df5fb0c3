-- Mirrored objects: a reconciliation reads each table in order of creation, page by page. With an index on
-- that order, a page costs the same however large the table is. It costs an event next to nothing: an update
-- that doesn't change the creation time doesn't touch it.

-- The ledger before the tables, as in events: see `no_new_clash`.
do $$
begin
  lock table clerk_sync.webhook_events in share row exclusive mode;
end;
$$;

create index profiles_creation_idx on public.profiles (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index organizations_creation_idx on public.organizations (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index organization_memberships_creation_idx on public.organization_memberships (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index organization_invitations_creation_idx on public.organization_invitations (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index organization_domains_creation_idx on public.organization_domains (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index organization_roles_creation_idx on public.organization_roles (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index organization_permissions_creation_idx on public.organization_permissions (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

create index waitlist_entries_creation_idx on public.waitlist_entries (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;

-- A page of a table's rows in order of creation, as JSON, so that the API's row limit doesn't apply: `[{"id",
-- "created_at", "organization_id", "user_id"}]`. Placeholders whose creation time is unknown come first; the
-- remains of deleted objects are left out. The indexes above serve exactly this order and this condition.
create or replace function public.read_mirrored_objects(
  table_name text,
  after_created_at timestamptz default '-infinity',
  after_id text default '',
  page_size integer default 10000
)
returns jsonb
language plpgsql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
declare
  owner_columns text;
  objects jsonb;
begin
  perform clerk_sync.check_mirrored_table(table_name);
  select coalesce(string_agg(format(', stored.%I', ownerships.owner_column), ''), '')
  into owner_columns
  from clerk_sync.read_ownerships() as ownerships
  where ownerships.table_name = read_mirrored_objects.table_name;

  execute format(
    $sql$
    select coalesce(
      jsonb_agg(to_jsonb(page) order by coalesce(page.created_at, '-infinity'), page.id), '[]'
    )
    from (
      select stored.id, stored.created_at %s
      from public.%I as stored
      where (coalesce(stored.created_at, '-infinity'::timestamptz), stored.id) > ($1, $2)
        and stored.deleted_at is null
      order by coalesce(stored.created_at, '-infinity'::timestamptz), stored.id
      limit $3
    ) as page
    $sql$,
    owner_columns, table_name
  ) into objects using after_created_at, after_id, page_size;
  return objects;
end;
$$;

revoke execute on function public.read_mirrored_objects (text, timestamptz, text, integer) from public, anon, authenticated;
grant execute on function public.read_mirrored_objects (text, timestamptz, text, integer) to service_role;
