-- Looks first, before anything is made: a project that has something of one of these names already would
-- be left half installed. (A `do` block, since there is nothing to keep: it makes nothing.)

do $$
declare
  relations constant text[] := array[
    'public.organization_domains', 'public.organization_invitation_states',
    'public.organization_invitations', 'public.organization_memberships',
    'public.organization_permissions', 'public.organization_roles', 'public.organizations',
    'public.payment_attempts', 'public.profile_identifiers', 'public.profiles',
    'public.session_logs', 'public.session_states', 'public.subscription_items',
    'public.subscriptions', 'public.waitlist_entries'
  ];
  indexes constant text[] := array[
    'public.organization_domains_organization_id_idx', 'public.organization_domains_pkey',
    'public.organization_invitations_organization_id_idx', 'public.organization_invitations_pkey',
    'public.organization_memberships_organization_id_idx', 'public.organization_memberships_pkey',
    'public.organization_memberships_user_id_organization_id_idx',
    'public.organization_permissions_pkey', 'public.organization_roles_pkey',
    'public.organizations_pkey', 'public.payment_attempts_organization_id_idx',
    'public.payment_attempts_pkey', 'public.payment_attempts_user_id_idx', 'public.profiles_pkey',
    'public.session_logs_pkey', 'public.session_logs_user_id_created_at_idx',
    'public.subscription_items_organization_id_idx', 'public.subscription_items_pkey',
    'public.subscription_items_subscription_id_idx', 'public.subscription_items_user_id_idx',
    'public.subscriptions_organization_id_idx', 'public.subscriptions_pkey',
    'public.subscriptions_user_id_idx', 'public.waitlist_entries_pkey'
  ];
  functions constant text[] := array[
    'public.begin_refresh', 'public.claim_instance', 'public.complete_effect',
    'public.count_deletions', 'public.count_foreign_webhook', 'public.delete_backfill_cursors',
    'public.delete_organization', 'public.delete_organization_domain',
    'public.delete_organization_invitation', 'public.delete_organization_membership',
    'public.delete_organization_permission', 'public.delete_organization_role',
    'public.delete_profile', 'public.delete_waitlist_entry', 'public.ensure_profile',
    'public.fail_effect', 'public.keep_backfill_cursor', 'public.keep_dead_letter',
    'public.log_sessions', 'public.move_instance', 'public.prune_erased_rows',
    'public.read_backfill_cursors', 'public.read_dead_letters', 'public.read_effects',
    'public.read_instance', 'public.read_mirrored_objects', 'public.read_mirrored_versions',
    'public.read_release', 'public.register_effects', 'public.switch_effects',
    'public.take_effects', 'public.unbury_objects', 'public.upsert_organization_domains',
    'public.upsert_organization_invitations', 'public.upsert_organization_memberships',
    'public.upsert_organization_permissions', 'public.upsert_organization_roles',
    'public.upsert_organizations', 'public.upsert_payment_attempts', 'public.upsert_profiles',
    'public.upsert_subscription_items', 'public.upsert_subscriptions',
    'public.upsert_waitlist_entries'
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
    select 'relation ' || name
    from unnest(relations || indexes) as name
    where to_regclass(name) is not null
    union
    select 'type ' || name
    from unnest(relations) as name
    where to_regtype(name) is not null and to_regclass(name) is null
    union
    select 'function ' || name
    from unnest(functions) as name
    where exists (
      select from pg_catalog.pg_proc
      join pg_catalog.pg_namespace on pg_namespace.oid = pronamespace
      where format('%s.%s', nspname, proname) = name
    )
  ) as clash;

  if taken is not null then
    raise exception using
      errcode = 'duplicate_object',
      message = format('The mirror was not installed, and nothing was changed: the project has %s already', taken),
      hint = 'Rename or move what is yours, then push again';
  end if;
end;
$$;
