-- How a call's JSON becomes rows, one or 500 of them: one pass reads the columns of all rows, and the database
-- adds its own beside them. In release 0.1.0, each row was first turned into a record and then taken apart.

-- What the database adds to an incoming row.
create type clerk_sync.stamp as (
  synced_at timestamptz,
  version clerk_sync.version
);

-- The stamps of a call's rows, in the same order. A row without `updated_at` is a placeholder. One with
-- `deleted_at` is what is left of an object whose row can't be deleted. In a call for a group of webhooks,
-- `webhook` is an array with the webhook of each row. A row that was read from Clerk has no webhook: a hash of
-- its content breaks ties between equal versions.
create function clerk_sync.read_stamps(items jsonb, webhook jsonb)
returns setof clerk_sync.stamp
language plpgsql
stable
set search_path = ''
as $$
begin
  -- Most calls are for one event with one row. They take two expressions instead of thirteen.
  if jsonb_array_length(items) = 1 and webhook ? 'id' and items -> 0 ->> 'updated_at' is not null then
    return next row(
      (webhook ->> 'occurred_at')::timestamptz,
      row(
        (items -> 0 ->> 'updated_at')::timestamptz,
        (webhook ->> 'occurred_at')::timestamptz,
        webhook ->> 'id'
      )::clerk_sync.version
    )::clerk_sync.stamp;
    return;
  end if;

  declare
    is_group boolean := coalesce(jsonb_typeof(webhook) = 'array', false);
    source jsonb := webhook;
    event_time timestamptz := coalesce((webhook ->> 'occurred_at')::timestamptz, '-infinity');
    told_at timestamptz := coalesce(webhook ->> 'occurred_at', webhook ->> 'read_at')::timestamptz;
    item jsonb;
    updated_at timestamptz;
    stamp clerk_sync.stamp;
  begin
    for index in 0 .. coalesce(jsonb_array_length(items), 0) - 1 loop
      if is_group then
        source := webhook -> index;
        event_time := (source ->> 'occurred_at')::timestamptz;
        told_at := event_time;
      end if;
      item := items -> index;
      stamp.synced_at := null;
      updated_at := (item ->> 'updated_at')::timestamptz;
      if updated_at is not null then
        stamp.synced_at := coalesce(told_at, now());
        stamp.version := row(
          updated_at, event_time, coalesce(source ->> 'id', jsonb_hash_extended(item - 'id', 0)::text)
        )::clerk_sync.version;
      elsif item ? 'deleted_at' then
        stamp.version := row('infinity', '-infinity', '')::clerk_sync.version;
      elsif item = jsonb_build_object('id', item -> 'id') then
        stamp.version := row('-infinity', '-infinity', '')::clerk_sync.version;
      else
        stamp.version := row(
          '-infinity', event_time, coalesce(source ->> 'id', jsonb_hash_extended(item - 'id', 0)::text)
        )::clerk_sync.version;
      end if;
      return next stamp;
    end loop;
  end;
end;
$$;

revoke execute on function clerk_sync.read_stamps (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.read_stamps (jsonb, jsonb) to service_role;

-- Otherwise, what follows is as in release 0.1.0. `offset 0` makes Postgres look up each row's tombstones by
-- their key: the planner can't know how many rows a call has, and a join would read all tombstones for one event.

create or replace function clerk_sync.write_profiles(profiles jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(profiles) as (
      id text, external_id text, username text, email text, email_verified boolean,
      phone_number text, phone_number_verified boolean, first_name text, last_name text,
      image_url text, has_image boolean, identifiers jsonb, locale text, public_metadata jsonb,
      unsafe_metadata jsonb, password_enabled boolean, two_factor_enabled boolean,
      totp_enabled boolean, backup_code_enabled boolean, create_organization_enabled boolean,
      delete_self_enabled boolean, banned boolean, locked boolean, deprovisioned boolean,
      last_sign_in_at timestamptz, last_active_at timestamptz, legal_accepted_at timestamptz,
      created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(profiles, webhook)
  ) as incoming (
    id, external_id, username, email, email_verified, phone_number, phone_number_verified,
    first_name, last_name, image_url, has_image, identifiers, locale, public_metadata,
    unsafe_metadata, password_enabled, two_factor_enabled, totp_enabled, backup_code_enabled,
    create_organization_enabled, delete_self_enabled, banned, locked, deprovisioned,
    last_sign_in_at, last_active_at, legal_accepted_at, created_at, updated_at, deleted_at,
    synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id = incoming.id offset 0
  )
    -- A parent is nearly always known already. Looking it up costs less than `on conflict`, which
    -- locks its row and writes the lock to the WAL before it decides.
    and (
      incoming.updated_at is not null
      or not exists (
        select from public.profiles as known
        where known.id = incoming.id and known.version >= incoming.version
      )
    )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_organizations(organizations jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(organizations) as (
      id text, name text, slug text, image_url text, has_image boolean,
      max_allowed_memberships integer, admin_delete_enabled boolean, public_metadata jsonb,
      created_by text, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(organizations, webhook)
  ) as incoming (
    id, name, slug, image_url, has_image, max_allowed_memberships, admin_delete_enabled,
    public_metadata, created_by, created_at, updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id = incoming.id offset 0
  )
    -- A parent is nearly always known already. Looking it up costs less than `on conflict`, which
    -- locks its row and writes the lock to the WAL before it decides.
    and (
      incoming.updated_at is not null
      or not exists (
        select from public.organizations as known
        where known.id = incoming.id and known.version >= incoming.version
      )
    )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_organization_memberships(memberships jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(memberships) as (
      id text, organization_id text, user_id text, role text, role_name text, permissions text[],
      public_metadata jsonb, identifier text, first_name text, last_name text, image_url text,
      has_image boolean, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(memberships, webhook)
  ) as incoming (
    id, organization_id, user_id, role, role_name, permissions, public_metadata, identifier,
    first_name, last_name, image_url, has_image, created_at, updated_at, deleted_at, synced_at,
    version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.organization_id, incoming.user_id) offset 0
  )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_session_logs(sessions jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
  created_sessions jsonb;
begin
  insert into public.session_logs as stored (
    id, user_id, client_id, status, last_active_organization_id, actor, device_type, is_mobile,
    browser_name, browser_version, city, country, ip_address, user_agent, last_active_at, expire_at,
    abandon_at, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(sessions) as (
      id text, user_id text, client_id text, status text, last_active_organization_id text,
      actor jsonb, device_type text, is_mobile boolean, browser_name text, browser_version text,
      city text, country text, ip_address inet, user_agent text, last_active_at timestamptz,
      expire_at timestamptz, abandon_at timestamptz, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    ),
    clerk_sync.read_stamps(sessions, webhook)
  ) as incoming (
    id, user_id, client_id, status, last_active_organization_id, actor, device_type, is_mobile,
    browser_name, browser_version, city, country, ip_address, user_agent, last_active_at, expire_at,
    abandon_at, created_at, updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id) offset 0
  )
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    client_id = excluded.client_id,
    status = excluded.status,
    last_active_organization_id = excluded.last_active_organization_id,
    actor = excluded.actor,
    device_type = excluded.device_type,
    is_mobile = excluded.is_mobile,
    browser_name = excluded.browser_name,
    browser_version = excluded.browser_version,
    city = excluded.city,
    country = excluded.country,
    ip_address = case when excluded.deleted_at is null then stored.ip_address end,
    user_agent = case when excluded.deleted_at is null then stored.user_agent end,
    last_active_at = excluded.last_active_at,
    expire_at = excluded.expire_at,
    abandon_at = excluded.abandon_at,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    deleted_at = excluded.deleted_at,
    synced_at = excluded.synced_at,
    version = excluded.version
  where stored.version < excluded.version;
  get diagnostics moved = row_count;

  -- These belong to session.created, not to the session's version: that event writes them whenever it
  -- arrives, early or late, and no other does. If Clerk ever sends it twice for one session, the higher
  -- value stays, whichever arrives first. If the event has just inserted the row, nothing changes here.
  if jsonb_typeof(webhook) = 'array' then
    select jsonb_agg(item.value)
    into created_sessions
    from jsonb_array_elements(sessions) with ordinality as item (value, place)
    where webhook -> (item.place - 1)::integer ->> 'type' = 'session.created';
  elsif webhook ->> 'type' = 'session.created' then
    created_sessions := sessions;
  end if;
  if created_sessions is not null then
    update public.session_logs as stored
    set ip_address = incoming.ip_address, user_agent = incoming.user_agent
    from (
      select distinct on (id)
        id,
        ip_address,
        user_agent,
        coalesce(ip_address::text, '') collate "C" as address_rank,
        coalesce(user_agent, '') collate "C" as agent_rank
      from jsonb_to_recordset(created_sessions) as created (id text, ip_address inet, user_agent text)
      order by id, address_rank desc, agent_rank desc
    ) as incoming
    where stored.id = incoming.id
      and stored.deleted_at is null
      and (coalesce(stored.ip_address::text, '') collate "C", coalesce(stored.user_agent, '') collate "C")
        < (incoming.address_rank, incoming.agent_rank);
  end if;
  return moved;
end;
$$;

create or replace function clerk_sync.write_organization_invitations(invitations jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(invitations) as (
      id text, organization_id text, email_address text, role text, role_name text, status text,
      user_id text, public_metadata jsonb, expires_at timestamptz, created_at timestamptz,
      updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(invitations, webhook)
  ) as incoming (
    id, organization_id, email_address, role, role_name, status, user_id, public_metadata,
    expires_at, created_at, updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.organization_id) offset 0
  )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_organization_domains(domains jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.organization_domains as stored (
    id, organization_id, name, enrollment_mode, verification_status, verification_strategy,
    affiliation_email_address, total_pending_invitations, total_pending_suggestions, created_at,
    updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(domains) as (
      id text, organization_id text, name text, enrollment_mode text, verification_status text,
      verification_strategy text, affiliation_email_address text, total_pending_invitations integer,
      total_pending_suggestions integer, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    ),
    clerk_sync.read_stamps(domains, webhook)
  ) as incoming (
    id, organization_id, name, enrollment_mode, verification_status, verification_strategy,
    affiliation_email_address, total_pending_invitations, total_pending_suggestions, created_at,
    updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.organization_id) offset 0
  )
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    organization_id = excluded.organization_id,
    name = excluded.name,
    enrollment_mode = excluded.enrollment_mode,
    verification_status = excluded.verification_status,
    verification_strategy = excluded.verification_strategy,
    affiliation_email_address = excluded.affiliation_email_address,
    total_pending_invitations = excluded.total_pending_invitations,
    total_pending_suggestions = excluded.total_pending_suggestions,
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

create or replace function clerk_sync.write_organization_roles(roles jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(roles) as (
      id text, key text, name text, description text, permissions text[],
      is_creator_eligible boolean, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    ),
    clerk_sync.read_stamps(roles, webhook)
  ) as incoming (
    id, key, name, description, permissions, is_creator_eligible, created_at, updated_at,
    deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id = incoming.id offset 0
  )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_organization_permissions(permissions jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(permissions) as (
      id text, key text, name text, description text, type text, created_at timestamptz,
      updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(permissions, webhook)
  ) as incoming (
    id, key, name, description, type, created_at, updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id = incoming.id offset 0
  )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_waitlist_entries(entries jsonb, webhook jsonb)
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
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(entries) as (
      id text, email_address text, status text, is_locked boolean, invitation_id text,
      created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(entries, webhook)
  ) as incoming (
    id, email_address, status, is_locked, invitation_id, created_at, updated_at, deleted_at,
    synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id = incoming.id offset 0
  )
  order by incoming.id, incoming.version desc
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

create or replace function clerk_sync.write_subscriptions(subscriptions jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.subscriptions as stored (
    id, user_id, organization_id, status, payer_id, latest_payment_id, active_at, canceled_at,
    ended_at, past_due_at, details, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(subscriptions) as (
      id text, user_id text, organization_id text, status text, payer_id text,
      latest_payment_id text, active_at timestamptz, canceled_at timestamptz, ended_at timestamptz,
      past_due_at timestamptz, details jsonb, created_at timestamptz, updated_at timestamptz,
      deleted_at timestamptz
    ),
    clerk_sync.read_stamps(subscriptions, webhook)
  ) as incoming (
    id, user_id, organization_id, status, payer_id, latest_payment_id, active_at, canceled_at,
    ended_at, past_due_at, details, created_at, updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id, incoming.organization_id) offset 0
  )
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    status = excluded.status,
    payer_id = excluded.payer_id,
    latest_payment_id = excluded.latest_payment_id,
    active_at = excluded.active_at,
    canceled_at = excluded.canceled_at,
    ended_at = excluded.ended_at,
    past_due_at = excluded.past_due_at,
    details = excluded.details,
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

create or replace function clerk_sync.write_subscription_items(items jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.subscription_items as stored (
    id, user_id, organization_id, subscription_id, plan_id, plan_slug, plan_name, status, interval,
    amount, currency, quantity, is_free_trial, period_start, period_end, canceled_at, ended_at,
    past_due_at, details, created_at, updated_at, deleted_at, synced_at, version
  )
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(items) as (
      id text, user_id text, organization_id text, subscription_id text, plan_id text,
      plan_slug text, plan_name text, status text, interval text, amount integer, currency text,
      quantity integer, is_free_trial boolean, period_start timestamptz, period_end timestamptz,
      canceled_at timestamptz, ended_at timestamptz, past_due_at timestamptz, details jsonb,
      created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(items, webhook)
  ) as incoming (
    id, user_id, organization_id, subscription_id, plan_id, plan_slug, plan_name, status, interval,
    amount, currency, quantity, is_free_trial, period_start, period_end, canceled_at, ended_at,
    past_due_at, details, created_at, updated_at, deleted_at, synced_at, version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id, incoming.organization_id) offset 0
  )
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    subscription_id = excluded.subscription_id,
    plan_id = excluded.plan_id,
    plan_slug = excluded.plan_slug,
    plan_name = excluded.plan_name,
    status = excluded.status,
    interval = excluded.interval,
    amount = excluded.amount,
    currency = excluded.currency,
    quantity = excluded.quantity,
    is_free_trial = excluded.is_free_trial,
    period_start = excluded.period_start,
    period_end = excluded.period_end,
    canceled_at = excluded.canceled_at,
    ended_at = excluded.ended_at,
    past_due_at = excluded.past_due_at,
    details = excluded.details,
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

create or replace function clerk_sync.write_payment_attempts(attempts jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.payment_attempts as stored (
    id, user_id, organization_id, payment_id, status, charge_type, amount, currency, failed_reason,
    billing_date, paid_at, failed_at, details, created_at, updated_at, deleted_at, synced_at,
    version
  )
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(attempts) as (
      id text, user_id text, organization_id text, payment_id text, status text, charge_type text,
      amount integer, currency text, failed_reason text, billing_date timestamptz,
      paid_at timestamptz, failed_at timestamptz, details jsonb, created_at timestamptz,
      updated_at timestamptz, deleted_at timestamptz
    ),
    clerk_sync.read_stamps(attempts, webhook)
  ) as incoming (
    id, user_id, organization_id, payment_id, status, charge_type, amount, currency, failed_reason,
    billing_date, paid_at, failed_at, details, created_at, updated_at, deleted_at, synced_at,
    version
  )
  where not exists (
    select from clerk_sync.tombstones where object_id in (incoming.id, incoming.user_id, incoming.organization_id) offset 0
  )
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
    user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    payment_id = excluded.payment_id,
    status = excluded.status,
    charge_type = excluded.charge_type,
    amount = excluded.amount,
    currency = excluded.currency,
    failed_reason = excluded.failed_reason,
    billing_date = excluded.billing_date,
    paid_at = excluded.paid_at,
    failed_at = excluded.failed_at,
    details = excluded.details,
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

drop function clerk_sync.read_facts (jsonb, jsonb);
drop type clerk_sync.fact;
