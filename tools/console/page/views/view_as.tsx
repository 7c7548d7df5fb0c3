import { useState } from "preact/hooks";
import type { ViewAs, ViewedTable } from "../../shapes.ts";
import { api } from "../api.ts";
import { formatCount, formatNumber } from "../format.ts";
import { addressOf, type Route } from "../route.ts";
import { useResource } from "../use_resource.ts";
import { FoundList } from "../parts/found_list.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { ObjectLink } from "../parts/object_link.tsx";
import { Rows } from "../parts/rows.tsx";

/** Milliseconds. Every table is counted, twice. */
const EVERY = 30_000;

/** Milliseconds. Names rarely change. */
const NAMES_EVERY = 60_000;

/** Each table as a user sees it, next to what the secret key sees. */
export function ViewAsView({ route }: { route: Route }) {
  const user = route.id;
  return (
    <>
      <header class="view-header">
        <h1>View as</h1>
        <p class="lead">
          What a signed-in user reads through row level security, next to what the secret key reads.
        </p>
      </header>
      <UserPicker key={user} user={user} />
      {user !== "" && <Seen user={user} />}
    </>
  );
}

function UserPicker({ user }: { user: string }) {
  const [text, setText] = useState("");
  const query = text.trim();
  return (
    <div class="picker">
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <Icon name="search" />
        <input
          type="search"
          aria-label="Find a user by id, email or name"
          placeholder={user === "" ? "Id, email or name of a user" : "Another user"}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </form>
      {query !== "" && <Users query={query} />}
    </div>
  );
}

function Users({ query }: { query: string }) {
  const { value, error } = useResource(
    query,
    (signal) => api.findObjects(query, signal),
    NAMES_EVERY,
  );
  const users = value?.objects.filter(({ table }) => table === "profiles") ?? [];
  return (
    <>
      <ErrorNotice message={error} />
      {value && users.length === 0 && <Notice icon="search">No user found for “{query}”.</Notice>}
      <FoundList objects={users} hrefOf={({ id }) => addressOf("view-as", id)} />
    </>
  );
}

function Seen({ user }: { user: string }) {
  const { value, error, reload } = useResource(user, (signal) => api.viewAs(user, signal), EVERY);
  return (
    <>
      <ErrorNotice message={error} />
      {value === undefined
        ? error === undefined && <p class="loading">Reading …</p>
        : <Comparison view={value} onLookAgain={reload} />}
    </>
  );
}

function Comparison(
  { view: { user, tables }, onLookAgain }: { view: ViewAs; onLookAgain: () => void },
) {
  const open = tables.filter((table) => sightOf(table) === "open");
  return (
    <>
      <div class="summary">
        <p>
          <Named user={user} /> <ObjectLink id={user} table="profiles" /> sees {summarize(tables)}.
        </p>
        <button type="button" onClick={onLookAgain}>
          <Icon name="replay" />
          Look again
        </button>
      </div>
      {open.length > 0 && (
        <Notice icon="warning" tone="look">
          {open.map(({ table }) => table).join(", ")}: without row level security, every user reads
          all of {open.length === 1 ? "it" : "them"}.
        </Notice>
      )}
      <Tables heading="Your tables" tables={tables.filter(({ isMirrored }) => !isMirrored)} />
      <Tables heading="The mirror" tables={tables.filter(({ isMirrored }) => isMirrored)} />
    </>
  );
}

function Tables({ heading, tables }: { heading: string; tables: ViewedTable[] }) {
  if (tables.length === 0) return null;
  return (
    <section aria-label={heading}>
      <h2>{heading}</h2>
      <ul class="tables">
        {tables.map((table) => (
          <li key={`${table.schema}.${table.table}`}>
            <TableSight viewed={table} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** By the mirror's name, if it has one. */
function Named({ user }: { user: string }) {
  const { value } = useResource(user, (signal) => api.findObjects(user, signal), NAMES_EVERY);
  const label = value?.objects.find(({ id }) => id === user)?.label;
  return label ? <b>{label}</b> : null;
}

function summarize(tables: ViewedTable[]): string {
  const seen = tables.filter(({ visible }) => "count" in visible && visible.count > 0).length;
  return `rows of ${formatNumber(seen)} of ${formatCount(tables.length, "table")}`;
}

/** Percent; anything above zero stays visible. */
function shareOf(count: number, total: number | null): number {
  if (count === 0 || total === 0) return 0;
  return Math.min(100, Math.max(1, total === null ? 1 : (100 * count) / total));
}

type Sight = "all" | "some" | "none" | "empty" | "refused" | "open";

const SIGHTS: Record<Sight, { icon: IconName; word: string; tone: string }> = {
  all: { icon: "check", word: "sees all", tone: "good" },
  some: { icon: "view-as", word: "sees some", tone: "good" },
  none: { icon: "minus", word: "sees none", tone: "calm" },
  empty: { icon: "minus", word: "empty", tone: "calm" },
  refused: { icon: "cross", word: "refused", tone: "calm" },
  open: { icon: "warning", word: "open to all", tone: "look" },
};

function sightOf({ visible, total, hasRowLevelSecurity }: ViewedTable): Sight {
  if ("error" in visible) return "refused";
  if (!hasRowLevelSecurity) return "open";
  if (visible.count === 0) return total === 0 ? "empty" : "none";
  return total !== null && visible.count >= total ? "all" : "some";
}

function TableSight({ viewed }: { viewed: ViewedTable }) {
  const { schema, table, visible, total } = viewed;
  const { icon, word, tone } = SIGHTS[sightOf(viewed)];
  const { count, isAtLeast } = "count" in visible ? visible : { count: 0, isAtLeast: false };
  return (
    <details class="sight">
      <summary>
        <span class="name">
          {schema !== "public" && <span class="schema">{schema}.</span>}
          {table}
        </span>
        <span class={`badge ${tone}`}>
          <Icon name={icon} />
          {word}
        </span>
        <svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="of" width="100" height="6" />
          <rect
            class="part"
            width={shareOf(count, total)}
            height="6"
          />
        </svg>
        <span class="counts">
          <b>{isAtLeast && "over "}{formatNumber(count)}</b> of{" "}
          {total === null ? "many" : formatNumber(total)}
        </span>
      </summary>
      {"error" in visible
        ? <Notice icon="cross">{visible.error}</Notice>
        : visible.rows.length === 0
        ? <Notice>This user can't see any of its rows.</Notice>
        : (
          <>
            <Rows label={`Rows of ${table} that the user sees`} rows={visible.rows} />
            {count > visible.rows.length && (
              <p class="count">The first {formatNumber(visible.rows.length)} are shown.</p>
            )}
          </>
        )}
    </details>
  );
}
