-- Supabase's older default: what the owner of the migrations makes in `public` is open to every role
-- of the API. Projects created since 2026-10-30 do without.

alter default privileges for role postgres in schema public
grant all on tables to anon, authenticated, service_role;

alter default privileges for role postgres in schema public
grant all on functions to anon, authenticated, service_role;

alter default privileges for role postgres in schema public
grant all on sequences to anon, authenticated, service_role;
