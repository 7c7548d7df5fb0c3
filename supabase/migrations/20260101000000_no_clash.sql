-- Looks first, before anything is made: a project that has something of one of these names already would
-- be left half installed. (A `do` block, since there is nothing to keep: it makes nothing.)

do $$
declare
  relations constant text[] := array[
    'organization_domains', 'organization_invitation_states', 'organization_invitations',
    'organization_memberships', 'organization_permissions', 'organization_roles', 'organizations',
    'payment_attempts', 'profile_identifiers', 'profiles', 'session_logs', 'session_states',
    'subscription_items', 'subscriptions', 'waitlist_entries'
  ];
  functions constant text[] := array[
    'begin_refresh', 'claim_instance', 'complete_effect', 'count_deletions', 'count_foreign_webhook',
    'delete_backfill_cursors', 'delete_organization', 'delete_organization_domain',
    'delete_organization_invitation', 'delete_organization_membership',
    'delete_organization_permission', 'delete_organization_role', 'delete_profile',
    'delete_waitlist_entry', 'ensure_profile', 'fail_effect', 'keep_backfill_cursor',
    'keep_dead_letter', 'log_sessions', 'move_instance', 'prune_erased_rows',
    'read_backfill_cursors', 'read_dead_letters', 'read_effects', 'read_instance',
    'read_mirrored_objects', 'read_mirrored_versions', 'register_effects', 'switch_effects',
    'take_effects', 'unbury_objects', 'upsert_organization_domains',
    'upsert_organization_invitations', 'upsert_organization_memberships',
    'upsert_organization_permissions', 'upsert_organization_roles', 'upsert_organizations',
    'upsert_payment_attempts', 'upsert_profiles', 'upsert_subscription_items',
    'upsert_subscriptions', 'upsert_waitlist_entries'
  ];
  taken text;
begin
  select string_agg(clash.name, ', ' order by clash.name)
  into taken
  from (
    select 'schema clerk_sync' as name
    from pg_catalog.pg_namespace
    where nspname = 'clerk_sync'
    union
    select 'relation public.' || relname
    from pg_catalog.pg_class
    where relnamespace = 'public'::regnamespace
      -- The index of a primary key has the name of its table in it.
      and (relname = any (relations) or relname = any (
        select name || '_pkey' from unnest(relations) as name
      ))
    union
    select 'type public.' || typname
    from pg_catalog.pg_type
    where typnamespace = 'public'::regnamespace and typname = any (relations) and typrelid = 0
    union
    select 'function public.' || proname
    from pg_catalog.pg_proc
    where pronamespace = 'public'::regnamespace and proname = any (functions)
  ) as clash;

  if taken is not null then
    raise exception using
      errcode = 'duplicate_object',
      message = format('The mirror was not installed, and nothing was changed: the project has %s already', taken),
      hint = 'Rename or move what is yours, then push again';
  end if;
end;
$$;
