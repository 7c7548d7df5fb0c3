-- Profiles: one row for every Clerk user.

create table public.profiles (
  id text not null,
  external_id text,
  username text,
  email text,
  email_verified boolean,
  phone_number text,
  phone_number_verified boolean,
  first_name text,
  last_name text,
  image_url text,
  has_image boolean,
  identifiers jsonb,
  locale text,
  public_metadata jsonb,
  unsafe_metadata jsonb,
  password_enabled boolean,
  two_factor_enabled boolean,
  totp_enabled boolean,
  backup_code_enabled boolean,
  create_organization_enabled boolean,
  delete_self_enabled boolean,
  banned boolean,
  locked boolean,
  deprovisioned boolean,
  last_sign_in_at timestamptz,
  last_active_at timestamptz,
  legal_accepted_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint profiles_pkey primary key (id)
);

comment on table public.profiles is 'Clerk users. Emails and usernames move between users and events come in any order, so neither is unique';
comment on column public.profiles.email is 'The primary email address';
comment on column public.profiles.phone_number is 'The primary phone number';
comment on column public.profiles.identifiers is 'All addresses and accounts, as the view profile_identifiers shows them';
comment on column public.profiles.unsafe_metadata is 'Writable from the browser: never authorize anything on it';
comment on column public.profiles.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.profiles.synced_at is 'Time of the event that last wrote the row; null for a placeholder, a user of whom only a membership or a session has told so far';

alter table public.profiles enable row level security;
revoke all on public.profiles from anon, authenticated;
grant select on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;

create policy "Users can read their own profile" on public.profiles
for select to authenticated using (id = (select clerk_sync.user_id()) and deleted_at is null);

-- Writes facts about users and returns how many moved up.
create function clerk_sync.write_profiles(profiles jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.profiles as stored (
    id, external_id, username, email, email_verified, phone_number, phone_number_verified,
    first_name, last_name, image_url, has_image, identifiers, locale, public_metadata,
    unsafe_metadata, password_enabled, two_factor_enabled, totp_enabled, backup_code_enabled,
    create_organization_enabled, delete_self_enabled, banned, locked, deprovisioned,
    last_sign_in_at, last_active_at, legal_accepted_at, created_at, updated_at, deleted_at,
    synced_at, version
  )
  select distinct on (incoming.id) incoming.*, fact.synced_at, fact.version
  from
    clerk_sync.read_facts(profiles, webhook) as fact,
    jsonb_to_record(fact.item) as incoming (
      id text, external_id text, username text, email text, email_verified boolean,
      phone_number text, phone_number_verified boolean, first_name text, last_name text,
      image_url text, has_image boolean, identifiers jsonb, locale text, public_metadata jsonb,
      unsafe_metadata jsonb, password_enabled boolean, two_factor_enabled boolean,
      totp_enabled boolean, backup_code_enabled boolean, create_organization_enabled boolean,
      delete_self_enabled boolean, banned boolean, locked boolean, deprovisioned boolean,
      last_sign_in_at timestamptz, last_active_at timestamptz, legal_accepted_at timestamptz,
      created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    )
  where not exists (select from clerk_sync.tombstones where object_id = incoming.id)
    -- A parent is nearly always known already. To look costs less than to lock its row and write
    -- that down, which `on conflict` does before it decides.
    and (
      incoming.updated_at is not null
      or not exists (
        select from public.profiles as known
        where known.id = incoming.id and known.version >= fact.version
      )
    )
  order by incoming.id, fact.version desc
  on conflict (id) do update set
    external_id = excluded.external_id,
    username = excluded.username,
    email = excluded.email,
    email_verified = excluded.email_verified,
    phone_number = excluded.phone_number,
    phone_number_verified = excluded.phone_number_verified,
    first_name = excluded.first_name,
    last_name = excluded.last_name,
    image_url = excluded.image_url,
    has_image = excluded.has_image,
    identifiers = excluded.identifiers,
    locale = excluded.locale,
    public_metadata = excluded.public_metadata,
    unsafe_metadata = excluded.unsafe_metadata,
    password_enabled = excluded.password_enabled,
    two_factor_enabled = excluded.two_factor_enabled,
    totp_enabled = excluded.totp_enabled,
    backup_code_enabled = excluded.backup_code_enabled,
    create_organization_enabled = excluded.create_organization_enabled,
    delete_self_enabled = excluded.delete_self_enabled,
    banned = excluded.banned,
    locked = excluded.locked,
    deprovisioned = excluded.deprovisioned,
    last_sign_in_at = excluded.last_sign_in_at,
    last_active_at = excluded.last_active_at,
    legal_accepted_at = excluded.legal_accepted_at,
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

revoke execute on function clerk_sync.write_profiles (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_profiles (jsonb, jsonb) to service_role;

-- user.created, user.updated, and a backfill of users.
create function public.upsert_profiles(profiles jsonb, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[profiles]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(claim, webhook, clerk_sync.write_profiles(profiles, webhook) > 0);
end;
$$;

revoke execute on function public.upsert_profiles (jsonb, jsonb) from public, anon, authenticated;
grant execute on function public.upsert_profiles (jsonb, jsonb) to service_role;

-- user.deleted. What belongs to the user goes with the row, by `on delete cascade`.
create function public.delete_profile(user_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[user_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('profiles', user_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_profile (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_profile (text, jsonb) to service_role;

-- Every address and account of a user, one row each. They are kept with the profile, as JSON, rather than
-- in a table of their own: so they are always those of the profile's version, whatever order events come
-- in, and cost an event no write.
create view public.profile_identifiers
with (security_invoker = true)
as
select
  profiles.id as user_id,
  identifier.id,
  identifier.type,
  identifier.value,
  identifier.provider,
  identifier.provider_user_id,
  identifier.is_verified,
  identifier.is_primary
from public.profiles
cross join lateral jsonb_to_recordset(profiles.identifiers) as identifier (
  id text, type text, value text, provider text, provider_user_id text, is_verified boolean,
  is_primary boolean
);

comment on view public.profile_identifiers is 'Email addresses, phone numbers, web3 wallets and external accounts of users, by type';
comment on column public.profile_identifiers.value is 'The address, the number or the wallet; of an external account the email address, if it tells one';
comment on column public.profile_identifiers.provider is 'Of an external account, such as oauth_google';
comment on column public.profile_identifiers.provider_user_id is 'The user''s id at that provider';

revoke all on public.profile_identifiers from anon, authenticated;
grant select on public.profile_identifiers to authenticated, service_role;
