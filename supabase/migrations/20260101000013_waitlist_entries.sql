-- Waitlist entries. Who is waiting has no user id yet, so that no user can read any.

create table public.waitlist_entries (
  id text not null,
  email_address text,
  status text,
  is_locked boolean,
  invitation_id text,
  created_at timestamptz,
  updated_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint waitlist_entries_pkey primary key (id)
);

comment on table public.waitlist_entries is 'Clerk waitlist entries';
comment on column public.waitlist_entries.invitation_id is 'The invitation that the entry led to';
comment on column public.waitlist_entries.synced_at is 'Time of the event that last wrote the row';

alter table public.waitlist_entries enable row level security;
revoke all on public.waitlist_entries from anon, authenticated;
grant select, insert, update, delete on public.waitlist_entries to service_role;

create policy "The service role manages waitlist entries" on public.waitlist_entries
for all to service_role using (true) with check (true);

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
  moved integer;
begin
  if claim = 'duplicate' then
    return claim;
  end if;

  insert into public.waitlist_entries as stored
  select distinct on (incoming.id) incoming.*
  from clerk_sync.versioned(null::public.waitlist_entries, entries, webhook) as incoming
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    email_address = excluded.email_address,
    status = excluded.status,
    is_locked = excluded.is_locked,
    invitation_id = excluded.invitation_id,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    synced_at = excluded.synced_at,
    version = excluded.version
  where stored.version < excluded.version;
  get diagnostics moved = row_count;
  return clerk_sync.end_call(claim, webhook, moved > 0);
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
  has_moved boolean;
begin
  if claim = 'duplicate' then
    return claim;
  end if;

  has_moved := clerk_sync.bury_object(entry_id, webhook);
  delete from public.waitlist_entries where id = entry_id;
  return clerk_sync.end_call(claim, webhook, has_moved);
end;
$$;

revoke execute on function public.delete_waitlist_entry (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_waitlist_entry (text, jsonb) to service_role;
