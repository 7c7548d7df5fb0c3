-- What an event is measured against: nothing but the two inserts. No order is kept, nothing is deleted,
-- nothing is asked for.
create function plain.upsert_profiles(profiles jsonb, webhook jsonb)
returns text
language plpgsql
set search_path = ''
as $$
begin
  insert into plain.webhook_events (id, type, object_id, occurred_at)
  values (
    webhook ->> 'id',
    webhook ->> 'type',
    webhook ->> 'object_id',
    (webhook ->> 'occurred_at')::timestamptz
  )
  on conflict (id) do nothing;
  if not found then
    return 'duplicate';
  end if;

  insert into plain.profiles (
    id, external_id, username, email, email_verified, phone_number, phone_number_verified,
    first_name, last_name, image_url, has_image, identifiers, locale, public_metadata,
    unsafe_metadata, password_enabled, two_factor_enabled, totp_enabled, backup_code_enabled,
    create_organization_enabled, delete_self_enabled, banned, locked, deprovisioned,
    last_sign_in_at, last_active_at, legal_accepted_at, created_at, updated_at, synced_at, version
  )
  select
    incoming.id, incoming.external_id, incoming.username, incoming.email, incoming.email_verified,
    incoming.phone_number, incoming.phone_number_verified, incoming.first_name,
    incoming.last_name, incoming.image_url, incoming.has_image, incoming.identifiers,
    incoming.locale, incoming.public_metadata, incoming.unsafe_metadata,
    incoming.password_enabled, incoming.two_factor_enabled, incoming.totp_enabled,
    incoming.backup_code_enabled, incoming.create_organization_enabled,
    incoming.delete_self_enabled, incoming.banned, incoming.locked, incoming.deprovisioned, incoming.last_sign_in_at, incoming.last_active_at,
    incoming.legal_accepted_at, incoming.created_at, incoming.updated_at,
    (webhook ->> 'occurred_at')::timestamptz,
    row(
      incoming.updated_at, (webhook ->> 'occurred_at')::timestamptz, webhook ->> 'id'
    )::clerk_sync.version
  from jsonb_populate_recordset(null::plain.profiles, profiles) as incoming
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
    synced_at = excluded.synced_at,
    version = excluded.version;
  return 'applied';
end;
$$;

revoke execute on function plain.upsert_profiles (jsonb, jsonb) from public;
grant execute on function plain.upsert_profiles (jsonb, jsonb) to service_role;
