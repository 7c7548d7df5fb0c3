-- The outbox as the console shows it, and how effects that were given up get another chance.

-- What is in the outbox: parked effects first, then those that are running, due, or waiting for their next
-- attempt: `[{"id", "handler", "event_type", "object_id", "state", "attempts", "due_at", "last_error"}]`.
create function public.read_outbox(page_size integer default 200)
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select coalesce(jsonb_agg(to_jsonb(page) - 'place' order by page.place, page.due_at, page.id), '[]')
  from (
    select
      queued.id, queued.handler, queued.event_type, queued.object_id, states.name as state,
      queued.attempts, queued.due_at, queued.last_error, states.place
    from clerk_sync.outbox as queued
    join (
      values ('parked', 1), ('running', 2), ('due', 3), ('waiting', 4)
    ) as states (name, place) on states.name = case
      when queued.parked_at is not null then 'parked'
      when queued.due_at <= now() then 'due'
      when queued.lease is not null then 'running'
      else 'waiting'
    end
    order by states.place, queued.due_at, queued.id
    limit least(greatest(page_size, 0), 1000)
  ) as page;
$$;

revoke execute on function public.read_outbox (integer) from public, anon, authenticated;
grant execute on function public.read_outbox (integer) to service_role;

-- Makes parked effects due, with all their attempts ahead of them: those with these ids (an array), or all of
-- them, 1,000 at a time. Returns how many. What isn't parked stays as it is.
create function public.retry_effects(ids jsonb default null)
returns integer
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  retried integer;
begin
  update clerk_sync.outbox as queued
  set parked_at = null, due_at = now(), attempts = 0, lease = null
  where queued.id in (
    select parked.id
    from clerk_sync.outbox as parked
    where parked.parked_at is not null
      and (
        retry_effects.ids is null
        or parked.id in (select jsonb_array_elements_text(retry_effects.ids)::bigint)
      )
    order by parked.id
    limit 1000
    for update skip locked
  );
  get diagnostics retried = row_count;
  return retried;
end;
$$;

revoke execute on function public.retry_effects (jsonb) from public, anon, authenticated;
grant execute on function public.retry_effects (jsonb) to service_role;
