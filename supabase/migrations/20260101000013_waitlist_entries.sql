-- Waitlist entries. Who is waiting has no user id yet, so that no user can read any.

create table public.waitlist_entries (
  id text not null,
  email_address text,
  status text,
  is_locked boolean,
  invitation_id text,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint waitlist_entries_pkey primary key (id)
);

comment on table public.waitlist_entries is 'Clerk waitlist entries';
comment on column public.waitlist_entries.invitation_id is 'The invitation that the entry led to';
comment on column public.waitlist_entries.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.waitlist_entries.synced_at is 'Time of the event that last wrote the row';

alter table public.waitlist_entries enable row level security;
revoke all on public.waitlist_entries from anon, authenticated;
grant select, insert, update, delete on public.waitlist_entries to service_role;

create policy "The service role manages waitlist entries" on public.waitlist_entries
for all to service_role using (true) with check (true);

-- Writes waitlist entries and returns how many moved up.
create function clerk_sync.write_waitlist_entries(entries jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.waitlist_entries as stored (
    id, email_address, status, is_locked, invitation_id, created_at, updated_at, deleted_at,
    synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(entries, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, email_address text, status text, is_locked boolean, invitation_id text,
      created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    email_address = excluded.email_address,
    status = excluded.status,
    is_locked = excluded.is_locked,
    invitation_id = excluded.invitation_id,
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

revoke execute on function clerk_sync.write_waitlist_entries (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_waitlist_entries (jsonb, jsonb) to service_role;

-- waitlistEntry.created, waitlistEntry.updated, and a backfill of waitlist entries.
create function public.upsert_waitlist_entries(entries jsonb, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[entries]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_waitlist_entries(entries, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_waitlist_entries (jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_waitlist_entries (jsonb, jsonb) to service_role;

-- No event tells that an entry was deleted: a reconciliation finds out.
create function public.delete_waitlist_entry(entry_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[entry_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('waitlist_entries', entry_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_waitlist_entry (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_waitlist_entry (text, jsonb) to service_role;
