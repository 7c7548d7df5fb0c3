-- Claims. Every event pays for them, so they do as little as possible. Each statement starts an executor, and each
-- table in it adds to that. PL/pgSQL sets up every expression once per transaction, and here each call is one:
-- so one expression checks for everything that is rare, and few functions are called.

-- The event types that have effects, copied from `clerk_sync.effects` into the row that a claim reads anyway.
alter table clerk_sync.mirrored_instance add column awaited_types text[] not null default '{}';

comment on column clerk_sync.mirrored_instance.awaited_types is 'Event types with an effect that is switched on: what clerk_sync.effects says, where a claim reads it';

create function clerk_sync.read_awaited_types()
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
  return array(
    select distinct event_type from clerk_sync.effects where is_enabled order by event_type
  );
end;
$$;

revoke execute on function clerk_sync.read_awaited_types () from public, anon, authenticated;
grant execute on function clerk_sync.read_awaited_types () to service_role;

update clerk_sync.mirrored_instance set awaited_types = clerk_sync.read_awaited_types();

create function clerk_sync.add_awaited_types()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.awaited_types := clerk_sync.read_awaited_types();
  return new;
end;
$$;

revoke execute on function clerk_sync.add_awaited_types () from public, anon, authenticated;
grant execute on function clerk_sync.add_awaited_types () to service_role;

create trigger add_awaited_types before insert on clerk_sync.mirrored_instance
for each row execute function clerk_sync.add_awaited_types();

create function clerk_sync.copy_awaited_types()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- Waits for other calls that record the instance or switch effects, so that what is read here is final.
  lock table clerk_sync.mirrored_instance in share row exclusive mode;
  update clerk_sync.mirrored_instance
  set awaited_types = clerk_sync.read_awaited_types()
  where awaited_types <> clerk_sync.read_awaited_types();
  return null;
end;
$$;

revoke execute on function clerk_sync.copy_awaited_types () from public, anon, authenticated;
grant execute on function clerk_sync.copy_awaited_types () to service_role;

create trigger copy_awaited_types after insert or update or delete on clerk_sync.effects
for each row execute function clerk_sync.copy_awaited_types();

-- As in release 0.1.0, plus counting duplicates: only they pay for it, no other event does.
create or replace function clerk_sync.begin_call(
  webhook jsonb,
  shared_rows jsonb[],
  exclusive_ids text[] default '{}'
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  claim text := 'claimed';
  has_dead_letter boolean;
begin
  if webhook ? 'id' then
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at)
    values (
      webhook ->> 'id',
      webhook ->> 'type',
      webhook ->> 'object_id',
      (webhook ->> 'occurred_at')::timestamptz
    )
    on conflict (id) do nothing
    returning
      -- Null unless the webhook is known to come from the mirrored instance.
      (
        select case when webhook_events.type = any (mirrored.awaited_types) then 'awaited' else 'claimed' end
        from clerk_sync.mirrored_instance as mirrored
        where mirrored.instance_id = coalesce(webhook ->> 'instance_id', mirrored.instance_id)
      ),
      exists (
        select from clerk_sync.dead_letters where dead_letters.webhook_id = webhook_events.id
      )
    into claim, has_dead_letter;

    -- One expression for everything rare. (A session remembers when the next row expires.)
    if not found or claim is null or has_dead_letter
      or extract(epoch from now()) > coalesce(
        nullif(current_setting('clerk_sync.ledger_expires_at', true), '')::numeric, 0
      )
    then
      if not found then
        perform clerk_sync.count_duplicate();
        return 'duplicate';
      end if;

      if claim is null then
        if webhook ->> 'instance_id' is not null and not clerk_sync.is_mirrored_instance(webhook) then
          -- Not claimed: if the mirror is moved to that instance, the webhook can be sent again.
          delete from clerk_sync.webhook_events where id = webhook ->> 'id';
          return 'ignored';
        end if;
        claim := case
          when webhook ->> 'type' = any (clerk_sync.read_awaited_types()) then 'awaited'
          else 'claimed'
        end;
      end if;

      if has_dead_letter then
        delete from clerk_sync.dead_letters where webhook_id = webhook ->> 'id';
      end if;

      perform clerk_sync.expire_webhook_events();
    end if;
  end if;

  return case
    -- Most events touch one object, which needs no sorting. `lock_objects()` would take the same lock.
    when cardinality(shared_rows) = 1 and jsonb_array_length(shared_rows[1]) = 1 and exclusive_ids = '{}' then
      case
        when pg_advisory_xact_lock_shared(hashtextextended(shared_rows[1] -> 0 ->> 'id', 0)) is not null
          then claim
      end
    when clerk_sync.lock_objects(shared_rows, exclusive_ids) then claim
  end;
end;
$$;

-- As in release 0.1.0, with a single expression for most calls.
create or replace function clerk_sync.end_call(claim text, webhook jsonb, has_moved boolean)
returns text
language plpgsql
set search_path = ''
as $$
begin
  return case
    when claim <> 'awaited' and has_moved then 'applied'
    else clerk_sync.conclude_call(claim, webhook, has_moved)
  end;
end;
$$;

create function clerk_sync.conclude_call(claim text, webhook jsonb, has_moved boolean)
returns text
language plpgsql
set search_path = ''
as $$
begin
  if claim = 'awaited' then
    perform clerk_sync.enqueue_effects(webhook);
  end if;

  if has_moved then
    return 'applied';
  end if;

  update clerk_sync.webhook_events set outcome = 'stale' where id = webhook ->> 'id';
  return 'stale';
end;
$$;

revoke execute on function clerk_sync.conclude_call (text, jsonb, boolean) from public, anon, authenticated;
grant execute on function clerk_sync.conclude_call (text, jsonb, boolean) to service_role;
