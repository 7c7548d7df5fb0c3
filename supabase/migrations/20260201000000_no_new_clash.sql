-- First checks for everything this release creates: in a project that already has something with one of these
-- names, an upgrade would stop halfway. (A `do` block, since it creates nothing that would have to be kept.)

do $$
declare
  indexes constant text[] := array[
    'public.organization_domains_creation_idx', 'public.organization_invitations_creation_idx',
    'public.organization_memberships_creation_idx', 'public.organization_permissions_creation_idx',
    'public.organization_roles_creation_idx', 'public.organizations_creation_idx',
    'public.profiles_creation_idx', 'public.waitlist_entries_creation_idx'
  ];
  functions constant text[] := array[
    'public.apply_group', 'public.begin_run', 'public.conclude_run', 'public.count_dead_letters',
    'public.count_gone_objects', 'public.find_objects', 'public.forget_gone_objects',
    'public.keep_backfill_run', 'public.keep_gone_objects', 'public.keep_run',
    'public.read_as_user', 'public.read_event_counts', 'public.read_events',
    'public.read_gone_objects', 'public.read_new_events', 'public.read_object',
    'public.read_outbox', 'public.read_runs', 'public.read_status', 'public.read_visible_tables',
    'public.release_run', 'public.retry_effects', 'public.settle_gone_objects', 'public.take_run'
  ];
  taken text;
begin
  select string_agg(clash.name, ', ' order by clash.name)
  into taken
  from (
    select 'relation ' || name as name
    from unnest(indexes) as name
    where to_regclass(name) is not null
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
      message = format('The mirror was not upgraded, and nothing was changed: the project already has %s', taken),
      hint = 'Rename or move these objects, then push again';
  end if;
end;
$$;

-- An event locks the ledger first, then the tables that it writes. An upgrade that locks the ledger before
-- anything else waits for the events in flight and keeps new ones from starting. Without this, an event and
-- an upgrade that builds indexes could deadlock. (In one transaction, as in the package, the lock holds to
-- its end; a file that locks several tables takes it again.)
do $$
begin
  lock table clerk_sync.webhook_events in share row exclusive mode;
end;
$$;
