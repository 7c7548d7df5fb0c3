-- A profile before the webhook: right after somebody has signed up, his browser is often faster than
-- Clerk's user.created. What is told of him then is the least there is, his id, so that it does not
-- matter when: any event fills the row, and a deleted user gets none.

-- Adds the caller's profile, if there is none. Security definer, since nobody but the service role may
-- write: it writes one row, whose id is the caller's own, and nothing that the caller could have chosen.
-- Tokens without a Clerk id, such as those of Supabase's own users, add nothing.
create function clerk_sync.add_profile_of_caller()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  caller_id text := clerk_sync.user_id();
  profiles jsonb := jsonb_build_array(jsonb_build_object('id', caller_id));
begin
  if caller_id !~ '^user_[0-9A-Za-z]{1,200}$' or caller_id is null then
    return;
  end if;

  if not exists (select from public.profiles where id = caller_id) then
    perform clerk_sync.lock_objects(array[profiles]);
    perform clerk_sync.write_profiles(profiles, null);
  end if;
end;
$$;

revoke execute on function clerk_sync.add_profile_of_caller () from public, anon;
grant execute on function clerk_sync.add_profile_of_caller () to authenticated, service_role;

-- Makes sure that the caller's profile exists, and returns it: no row for a user who is deleted, or for a
-- token without a Clerk id. One look-up where it is there already.
create function public.ensure_profile()
returns setof public.profiles
language plpgsql
rows 1
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  caller_id text := clerk_sync.user_id();
begin
  return query select * from public.profiles where id = caller_id and deleted_at is null;
  if not found then
    perform clerk_sync.add_profile_of_caller();
    return query select * from public.profiles where id = caller_id and deleted_at is null;
  end if;
end;
$$;

revoke execute on function public.ensure_profile () from public, anon;
grant execute on function public.ensure_profile () to authenticated, service_role;

-- The same for whoever would rather call nothing: a trigger function, before insert into a table of one's
-- own, for a row that is the caller's. Its argument names the column, `user_id` by default.
create function clerk_sync.ensure_profile_of_row()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if to_jsonb(new) ->> coalesce(tg_argv[0], 'user_id') = clerk_sync.user_id() then
    perform clerk_sync.add_profile_of_caller();
  end if;
  return new;
end;
$$;

revoke execute on function clerk_sync.ensure_profile_of_row () from public, anon, authenticated;
