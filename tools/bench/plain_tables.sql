-- What the mirror is measured against: identical tables, with the same columns, indexes, keys and row
-- level security.

create schema plain;
grant usage on schema plain to service_role;

create table plain.webhook_events (like clerk_sync.webhook_events including all);
create table plain.profiles (like public.profiles including all);
create table plain.organization_memberships (
  like public.organization_memberships including all,
  foreign key (organization_id) references public.organizations (id) on delete cascade,
  foreign key (user_id) references public.profiles (id) on delete cascade
);

alter table plain.webhook_events enable row level security;
alter table plain.profiles enable row level security;
alter table plain.organization_memberships enable row level security;
grant select, insert, update, delete on all tables in schema plain to service_role;
