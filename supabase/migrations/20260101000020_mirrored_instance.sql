-- The Clerk instance that is mirrored here. Whoever tells of it first writes it down: an event, a backfill
-- or a reconciliation. What belongs to another one is kept out from then on.

create table clerk_sync.mirrored_instance (
  -- There is one row at most.
  is_mirrored boolean not null default true,
  instance_id text not null,
  known_since timestamptz not null default now(),
  constraint mirrored_instance_pkey primary key (is_mirrored),
  constraint mirrored_instance_is_mirrored_check check (is_mirrored)
);

comment on table clerk_sync.mirrored_instance is 'The Clerk instance that is mirrored here';

alter table clerk_sync.mirrored_instance enable row level security;
revoke all on clerk_sync.mirrored_instance from anon, authenticated;
grant select, insert, update, delete on clerk_sync.mirrored_instance to service_role;

create policy "The service role manages the mirrored instance" on clerk_sync.mirrored_instance
for all to service_role using (true) with check (true);

-- Webhooks of other instances, which were acknowledged and not applied: so that a wrong setting shows.
create table clerk_sync.foreign_webhooks (
  instance_id text not null,
  -- Deliveries: one that is sent again counts again.
  delivery_count bigint not null default 1,
  last_webhook_id text not null,
  last_type text not null,
  first_received_at timestamptz not null default now(),
  last_received_at timestamptz not null default now(),
  constraint foreign_webhooks_pkey primary key (instance_id)
);

comment on table clerk_sync.foreign_webhooks is 'Webhooks of other Clerk instances, which were not applied: how many, and the last one';

alter table clerk_sync.foreign_webhooks enable row level security;
revoke all on clerk_sync.foreign_webhooks from anon, authenticated;
grant select, insert, update, delete on clerk_sync.foreign_webhooks to service_role;

create policy "The service role manages foreign webhooks" on clerk_sync.foreign_webhooks
for all to service_role using (true) with check (true);

-- Counts a webhook that is not applied, since another instance sent it.
create function public.count_foreign_webhook(webhook jsonb)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  insert into clerk_sync.foreign_webhooks as stored (instance_id, last_webhook_id, last_type)
  values (webhook ->> 'instance_id', webhook ->> 'id', webhook ->> 'type')
  on conflict (instance_id) do update set
    delivery_count = stored.delivery_count + 1,
    last_webhook_id = excluded.last_webhook_id,
    last_type = excluded.last_type,
    last_received_at = now();
  return 'ignored';
end;
$$;

revoke execute on function public.count_foreign_webhook (jsonb) from public, anon, authenticated;
grant execute on function public.count_foreign_webhook (jsonb) to service_role;

-- Names the instance that is mirrored here, which is the given one if none was known.
create function public.claim_instance(instance_id text)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  insert into clerk_sync.mirrored_instance (instance_id)
  values (claim_instance.instance_id)
  on conflict on constraint mirrored_instance_pkey do nothing;
  return (select mirrored.instance_id from clerk_sync.mirrored_instance as mirrored);
end;
$$;

revoke execute on function public.claim_instance (text) from public, anon, authenticated;
grant execute on function public.claim_instance (text) to service_role;

-- Whether a webhook, of an instance that is not known to be the mirrored one, is to be applied.
create function clerk_sync.is_mirrored_instance(webhook jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if public.claim_instance(webhook ->> 'instance_id') = webhook ->> 'instance_id' then
    return true;
  end if;

  perform public.count_foreign_webhook(webhook);
  return false;
end;
$$;

revoke execute on function clerk_sync.is_mirrored_instance (jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.is_mirrored_instance (jsonb) to service_role;

-- What is known of the instance, for whoever is about to read one: `{"instance_id", "foreign_webhooks":
-- [{"instance_id", "delivery_count", "last_received_at", …}], "now"}`. `instance_id` is null where none
-- is known, `now` is the database's clock.
create function public.read_instance()
returns jsonb
language sql
stable
set search_path = ''
set statement_timeout = '5s'
as $$
  select jsonb_build_object(
    'instance_id', (select mirrored.instance_id from clerk_sync.mirrored_instance as mirrored),
    'foreign_webhooks', (
      select coalesce(jsonb_agg(to_jsonb(counted) order by counted.last_received_at desc), '[]')
      from clerk_sync.foreign_webhooks as counted
    ),
    'now', clock_timestamp()
  );
$$;

revoke execute on function public.read_instance () from public, anon, authenticated;
grant execute on function public.read_instance () to service_role;

-- Moves the mirror to another instance, for the person who really means it. False, and nothing changes, where
-- it is not the given one any more that is mirrored here.
create function public.move_instance(from_instance_id text, to_instance_id text)
returns boolean
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
begin
  update clerk_sync.mirrored_instance
  set instance_id = to_instance_id, known_since = now()
  where instance_id = from_instance_id;
  if not found then
    return false;
  end if;

  delete from clerk_sync.foreign_webhooks where instance_id = to_instance_id;
  return true;
end;
$$;

revoke execute on function public.move_instance (text, text) from public, anon, authenticated;
grant execute on function public.move_instance (text, text) to service_role;
