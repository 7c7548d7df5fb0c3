-- Refreshes: when users last had themselves read from Clerk, so that none does it all the time.

create table clerk_sync.refreshes (
  user_id text not null,
  refreshed_at timestamptz not null,
  constraint refreshes_pkey primary key (user_id),
  constraint refreshes_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);

comment on table clerk_sync.refreshes is 'When users last had themselves read from Clerk';

alter table clerk_sync.refreshes enable row level security;
revoke all on clerk_sync.refreshes from anon, authenticated;
grant select, insert, update, delete on clerk_sync.refreshes to service_role;

create policy "The service role manages refreshes" on clerk_sync.refreshes
for all to service_role using (true) with check (true);

-- Takes a user's turn to be refreshed. Returns the seconds until the next one if it is too early, else 0.
create function public.begin_refresh(user_id text, interval_seconds integer)
returns integer
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  earliest_at timestamptz;
begin
  insert into clerk_sync.refreshes as stored (user_id, refreshed_at)
  values (begin_refresh.user_id, now())
  on conflict on constraint refreshes_pkey do update set refreshed_at = excluded.refreshed_at
  where stored.refreshed_at <= now() - make_interval(secs => interval_seconds);
  if found then
    return 0;
  end if;

  select stored.refreshed_at + make_interval(secs => interval_seconds)
  into earliest_at
  from clerk_sync.refreshes as stored
  where stored.user_id = begin_refresh.user_id;
  return greatest(1, ceil(extract(epoch from earliest_at - now())));
end;
$$;

revoke execute on function public.begin_refresh (text, integer) from public, anon, authenticated;
grant execute on function public.begin_refresh (text, integer) to service_role;
