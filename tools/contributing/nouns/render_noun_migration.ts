import { wrapList } from "../../installing/sql/sql_text.ts";
import { type Noun, wordsOf } from "./noun.ts";

/** The migration of a noun: its table, who may read it, and the functions that write it. */
export function renderNounMigration(noun: Noun): string {
  const { table, event, owner, columns } = noun;
  const { argument, plain, singular, last, ownerColumn } = wordsOf(noun);
  const own = columns.map(({ name, type }) => `${name} ${type}`);
  const owned = ownerColumn === undefined ? [] : [`${ownerColumn} text`];
  const times = ["created_at", "updated_at", "deleted_at"];
  const incoming = ["id text", ...owned, ...own, ...times.map((name) => `${name} timestamptz`)];
  const names = incoming.map((column) => column.replace(/ .*/, ""));
  const mine = ownerColumn === undefined
    ? "true"
    : owner === "organizations"
    ? "organization_id = any (array(select clerk_sync.organization_ids()))"
    : "user_id = (select clerk_sync.user_id())";
  const parents = owner === undefined
    ? ""
    : `\n  perform clerk_sync.write_${owner}(${owner}, webhook);`;
  const lists = [argument, ...(owner === undefined ? [] : [owner])];
  const parameters = [...lists.map((list) => `${list} jsonb`), "webhook jsonb default null"];
  const types = parameters.map(() => "jsonb").join(", ");
  const buried = ["incoming.id", ...(ownerColumn === undefined ? [] : [`incoming.${ownerColumn}`])];

  return `-- ${capitalize(plain)}.

create table public.${table} (
  id text not null,
${owned.map((column) => `  ${column} not null,\n`).join("")}${
    own.map((column) => `  ${column},\n`).join("")
  }  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  synced_at timestamptz,
  version clerk_sync.version not null,
  constraint ${table}_pkey primary key (id)${
    ownerColumn === undefined ? "" : `,
  constraint ${table}_${ownerColumn}_fkey
    foreign key (${ownerColumn}) references public.${owner} (id) on delete cascade`
  }
);

comment on table public.${table} is 'Clerk ${plain}';
comment on column public.${table}.deleted_at is 'Set where the object is deleted and a foreign key of yours holds the row: all but its id is erased';
comment on column public.${table}.synced_at is 'Time of the event that last wrote the row';

-- Serves a reconciliation, which reads the rows in the order of their creation.
create index ${table}_creation_idx on public.${table} (
  (coalesce(created_at, '-infinity'::timestamptz)), id
) where deleted_at is null;
${
    ownerColumn === undefined ? "" : `
-- Serves the policy and the owner's deletion.
create index ${table}_${ownerColumn}_idx on public.${table} (${ownerColumn});
`
  }
alter table public.${table} enable row level security;
revoke all on public.${table} from anon, authenticated;
grant select on public.${table} to authenticated;
grant select, insert, update, delete on public.${table} to service_role;

create policy "Users can read ${plain}" on public.${table}
for select to authenticated using (${mine === "true" ? "" : `${mine} and `}deleted_at is null);

-- Writes ${plain} and returns how many moved up.
create function clerk_sync.write_${table}(${argument} jsonb, webhook jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  moved integer;
begin
  insert into public.${table} as stored (
${wrapList([...names, "synced_at", "version"], "    ")}
  )
  select distinct on (incoming.id) incoming.*
  from rows from (
    jsonb_to_recordset(${argument}) as (
${wrapList(incoming, "      ")}
    ),
    clerk_sync.read_stamps(${argument}, webhook)
  ) as incoming (
${wrapList([...names, "synced_at", "version"], "    ")}
  )
  where not exists (
    select from clerk_sync.tombstones where object_id ${
    buried.length === 1 ? `= ${buried[0]}` : `in (${buried.join(", ")})`
  } offset 0
  )
  order by incoming.id, incoming.version desc
  on conflict (id) do update set
${
    [...names.filter((name) => name !== "id"), "synced_at", "version"]
      .map((name) => `    ${name} = excluded.${name}`).join(",\n")
  }
  where stored.version < excluded.version;
  get diagnostics moved = row_count;
  return moved;
end;
$$;

revoke execute on function clerk_sync.write_${table} (jsonb, jsonb) from public, anon, authenticated;
grant execute on function clerk_sync.write_${table} (jsonb, jsonb) to service_role;

-- ${event}.created, ${event}.updated, and a backfill of ${plain}.
create function public.upsert_${table}(
  ${parameters.join(",\n  ")}
)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, array[${lists.join(", ")}]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;
${parents}
  return clerk_sync.end_call(
    claim, webhook, clerk_sync.write_${table}(${argument}, webhook) > 0
  );
end;
$$;

revoke execute on function public.upsert_${table} (${types}) from public, anon, authenticated;
grant execute on function public.upsert_${table} (${types}) to service_role;

-- ${event}.deleted.
create function public.delete_${singular}(${last}_id text, webhook jsonb default null)
returns text
language plpgsql
set search_path = ''
set lock_timeout = '2s'
set statement_timeout = '5s'
as $$
declare
  claim text := clerk_sync.begin_call(webhook, '{}', array[${last}_id]);
begin
  if claim in ('duplicate', 'ignored') then
    return claim;
  end if;

  return clerk_sync.end_call(
    claim, webhook, clerk_sync.delete_object('${table}', ${last}_id, webhook)
  );
end;
$$;

revoke execute on function public.delete_${singular} (text, jsonb) from public, anon, authenticated;
grant execute on function public.delete_${singular} (text, jsonb) to service_role;
`;
}

function capitalize(text: string): string {
  return text.replace(/^./, (letter) => letter.toUpperCase());
}
