-- Releases: which of the mirror's releases this database has, so that an upgrade adds what is missing, and
-- the function can tell when it is older or newer. Each release ends with a row of its own.

create table clerk_sync.releases (
  version text not null,
  installed_at timestamptz not null default now(),
  constraint releases_pkey primary key (version),
  constraint releases_version_check check (version ~ '^\d+\.\d+\.\d+$')
);

comment on table clerk_sync.releases is 'Releases of the mirror that this database has';

alter table clerk_sync.releases enable row level security;
revoke all on clerk_sync.releases from anon, authenticated;
grant select, insert, update, delete on clerk_sync.releases to service_role;

create policy "The service role manages releases" on clerk_sync.releases
for all to service_role using (true) with check (true);

-- What an installer has set up around the database (secrets, a login provider, an exposed schema): so that
-- one that was interrupted goes on, and its undoing takes back just that. Nothing secret is kept.
create table clerk_sync.installation_steps (
  step text not null,
  detail jsonb not null default '{}',
  done_at timestamptz not null default now(),
  constraint installation_steps_pkey primary key (step)
);

comment on table clerk_sync.installation_steps is 'What an installer has set up around the database';

alter table clerk_sync.installation_steps enable row level security;
revoke all on clerk_sync.installation_steps from anon, authenticated;
grant select, insert, update, delete on clerk_sync.installation_steps to service_role;

create policy "The service role manages installation steps" on clerk_sync.installation_steps
for all to service_role using (true) with check (true);

-- The latest release and what the mirror is called here: `{"version", "schema", "prefix"}`.
create function public.read_release()
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select jsonb_build_object(
    'version', (
      select releases.version
      from clerk_sync.releases
      order by string_to_array(releases.version, '.')::integer[] desc
      limit 1
    ),
    'schema', relnamespace::regnamespace::text,
    'prefix', regexp_replace(relname, 'profiles$', '')
  )
  from pg_catalog.pg_class
  where oid = 'public.profiles'::regclass;
$$;

revoke execute on function public.read_release () from public, anon, authenticated;
grant execute on function public.read_release () to service_role;

insert into clerk_sync.releases (version) values ('0.1.0');
