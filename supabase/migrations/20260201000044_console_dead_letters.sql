-- How many dead letters there are, so that the console can say it before they are all replayed.
create function public.count_dead_letters()
returns bigint
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select count(*) from clerk_sync.dead_letters;
$$;

revoke execute on function public.count_dead_letters () from public, anon, authenticated;
grant execute on function public.count_dead_letters () to service_role;
