/** Generated histories: facts as events, their delivery past the function, and the state they end in. */
import postgres from "postgres";
import { installedNaming, type Naming } from "../../functions/_shared/naming.ts";
import { recognizeEvent, toCall } from "../../functions/clerk-webhook/event.ts";
import { isGroupable } from "../../functions/clerk-webhook/group_calls.ts";
import { renamingSql, searchPath } from "./naming.ts";

/** One fact of a generated history, in terms small enough to be read. */
export interface Fact {
  /**
   * The type of an event; or `user.shown` and the like: a reconciliation finds the object in Clerk, and
   * lets it rise if it is deleted here.
   */
  type: string;
  /**
   * Whether a backfill or a reconciliation tells it, where these can: what Clerk lists, or what it has
   * no longer.
   */
  isRead: boolean;
  /** Which object of its kind the event is about. */
  object: number;
  /** Seconds since the beginning: the object's `updated_at`. Small, so that versions tie. */
  updated: number;
  /** Seconds since the beginning: the time of the event. */
  occurred: number;
  /** What names and other contents are; those of nested snapshots contradict each other. */
  value: number;
  /** Whether a session nests its user; elsewhere without effect. */
  isNested: boolean;
  /** Whether the envelope's time is in seconds, as in Clerk's catalogue, or in milliseconds. */
  isInSeconds: boolean;
  /** Begins the webhook's id, so that ids are in no particular order. */
  tag: number;
}

const BEGINNING = Date.UTC(2026, 0, 1);

/** Which parents the first memberships have: Clerk's ids keep theirs. The last membership is a re-addition. */
export const MEMBERSHIPS = [
  { organization: 0, user: 0 },
  { organization: 1, user: 0 },
  { organization: 0, user: 1 },
  { organization: 0, user: 0 },
];

/** Further memberships are spread over users and organizations. */
function parentsOf(membership: number): { organization: number; user: number } {
  return MEMBERSHIPS[membership] ?? { organization: membership % 7, user: membership % 61 };
}

/** What a value is called. */
export const nameOf = (value: number): string => ["A", "B", "C"][value] ?? "D";
const at = (seconds: number) => BEGINNING + seconds * 1000;

/** The event that a fact stands for, with the ids of one run. */
export function toEvent(fact: Fact, run: string): unknown {
  const times = { created_at: at(0), updated_at: at(fact.updated) };
  const user = (index: number) => `user_${run}_${index}`;
  const organization = (index: number) => `org_${run}_${index}`;
  const snapshot = (index: number) => ({
    id: organization(index),
    name: `snapshot ${nameOf(fact.value)}`,
    slug: nameOf(fact.value),
  });
  const fullUser = (index: number) => ({
    id: user(index),
    first_name: nameOf(fact.value),
    public_metadata: { value: fact.value },
    ...times,
  });
  const data = (): unknown => {
    const [noun, verb] = fact.type.split(".");
    switch (noun) {
      case "user":
        return verb === "deleted"
          ? { id: user(fact.object), deleted: true }
          : fullUser(fact.object);
      case "session":
        return {
          id: `sess_${run}_${fact.object}`,
          user_id: user(fact.object),
          user: fact.isNested ? fullUser(fact.object) : null,
          status: verb,
          ...times,
        };
      case "organization":
        return verb === "deleted"
          ? { id: organization(fact.object), deleted: true }
          : { id: organization(fact.object), name: nameOf(fact.value), ...times };
      case "organizationMembership": {
        const parents = parentsOf(fact.object);
        return {
          id: `orgmem_${run}_${fact.object}`,
          role: nameOf(fact.value),
          organization: snapshot(parents.organization),
          public_user_data: {
            user_id: user(parents.user),
            first_name: `snapshot ${nameOf(fact.value)}`,
          },
          ...times,
        };
      }
      case "organizationInvitation":
        return {
          id: `orginv_${run}_${fact.object}`,
          organization_id: organization(fact.object),
          public_organization_data: fact.isNested ? snapshot(fact.object) : null,
          email_address: "x@example.com",
          status: fact.isRead ? nameOf(fact.value) : verb,
          ...times,
        };
      case "organizationDomain":
        return verb === "deleted" ? { id: `orgdmn_${run}_${fact.object}`, deleted: true } : {
          id: `orgdmn_${run}_${fact.object}`,
          organization_id: organization(fact.object),
          name: nameOf(fact.value),
          ...times,
        };
      default:
        return {
          id: `csub_${run}_${fact.object}`,
          status: nameOf(fact.value),
          payer: fact.object === 0
            ? { user_id: user(0), organization_id: "", first_name: nameOf(fact.value) }
            : { organization_id: organization(1), organization_name: nameOf(fact.value) },
          ...times,
        };
    }
  };
  return {
    type: fact.type,
    timestamp: fact.isInSeconds ? at(fact.occurred) / 1000 : at(fact.occurred),
    event_attributes: { http_request: { client_ip: `192.0.2.${fact.value}`, user_agent: "x" } },
    data: data(),
  };
}

export const TABLES = [
  "profiles",
  "session_logs",
  "organizations",
  "organization_memberships",
  "organization_invitations",
  "organization_domains",
  "subscriptions",
];

/** A pool of connections that have the function's role. */
export function connectAsService(
  databaseUrl: string,
  connections: number,
  naming: Naming = installedNaming,
): postgres.Sql {
  const sql = postgres(databaseUrl, {
    max: connections,
    onnotice: () => {},
    connection: { role: "service_role", search_path: searchPath(naming) },
  });
  return renamingSql(sql, naming);
}

/** What a reconciliation looks for again where it is deleted here, by noun. */
export const SHOWN_TABLES: Record<string, string> = {
  user: "profiles",
  organization: "organizations",
  organizationMembership: "organization_memberships",
};

/** Whether Clerk can be asked for it: sessions are listed nowhere. */
export function canBeRead(type: string): boolean {
  return !type.startsWith("session.");
}

/** Makes the call that the function would make of an event, and returns the outcome. */
export async function callDirectly(
  sql: postgres.Sql,
  body: unknown,
  webhookId: string,
): Promise<unknown> {
  const event = recognizeEvent(body);
  if (event === undefined) throw new Error("The history has an event that the mirror ignores");
  return await callRpc(sql, toCall(event, webhookId));
}

/** An event as it is delivered: its body as it came, and the webhook's id. */
export interface Delivery {
  body: unknown;
  webhookId: string;
}

/**
 * Makes the calls that the function would make of events that come at once, and returns their outcomes: one
 * for all that can be a group, and the others beside it.
 */
export async function callTogether(
  sql: postgres.Sql,
  deliveries: Delivery[],
): Promise<unknown[]> {
  const outcomes: unknown[] = Array.from(deliveries);
  const group: { index: number; args: Record<string, unknown> }[] = [];
  const calls: Promise<void>[] = [];
  for (const [index, { body, webhookId }] of deliveries.entries()) {
    const event = recognizeEvent(body);
    if (event === undefined) throw new Error("The history has an event that the mirror ignores");
    const call = toCall(event, webhookId);
    if (isGroupable(call)) group.push({ index, args: call.args });
    else calls.push(callRpc(sql, call).then((outcome) => void (outcomes[index] = outcome)));
  }
  const callGroup = async () => {
    if (group.length === 0) return;
    const args = { calls: group.map(({ args }) => args) };
    const answer = await callRpc(sql, { rpc: "apply_group", args });
    if (!Array.isArray(answer)) throw new Error(`Not a list of outcomes: "${answer}"`);
    for (const [place, { index }] of group.entries()) outcomes[index] = answer[place];
  };
  await Promise.all([callGroup(), ...calls]);
  return outcomes;
}

/** Makes the calls that a backfill or a reconciliation would make of a fact. */
export async function readDirectly(sql: postgres.Sql, fact: Fact, run: string): Promise<void> {
  const [noun = "", verb] = fact.type.split(".");
  const isShown = verb === "shown";
  const type = isShown ? `${noun}.updated` : fact.type;
  const event = recognizeEvent(toEvent({ ...fact, type }, run));
  if (event === undefined) throw new Error("The history has a fact that the mirror ignores");
  const { rpc, args } = toCall(event, "unused");
  if (isShown) {
    const ids = [idOf(fact, run)];
    const alive_at = new Date(at(fact.occurred)).toISOString();
    await callRpc(sql, {
      rpc: "unbury_objects",
      args: { table_name: SHOWN_TABLES[noun], ids, alive_at },
    });
  }
  // A look at a membership that is gone shows no parents.
  const rows = verb === "deleted" ? Object.keys(args).filter((key) => key.endsWith("s")) : [];
  await callRpc(sql, {
    rpc,
    args: {
      ...args,
      ...Object.fromEntries(rows.map((key) => [key, []])),
      webhook: { read_at: new Date(at(fact.occurred)).toISOString() },
    },
  });
}

/** The id of the object that a fact is about. */
export function idOf({ type, object }: Pick<Fact, "type" | "object">, run: string): string {
  return `${PREFIXES[type.split(".")[0] ?? ""]}_${run}_${object}`;
}

const PREFIXES: Record<string, string> = {
  user: "user",
  session: "sess",
  organization: "org",
  organizationMembership: "orgmem",
  organizationInvitation: "orginv",
  organizationDomain: "orgdmn",
  subscription: "csub",
};

async function callRpc(
  sql: postgres.Sql,
  { rpc, args }: { rpc: string; args: Record<string, unknown> },
): Promise<unknown> {
  const entries = Object.entries(args);
  const names = entries.map(([key, value], index) =>
    `${key} => $${index + 1}::${typeof value === "string" ? typeOf(key) : "text::jsonb"}`
  );
  const [row] = await sql.unsafe(
    `select public.${rpc}(${names.join(", ")}) as outcome`,
    entries.map(([, value]) => typeof value === "string" ? value : JSON.stringify(value)),
    { prepare: true },
  );
  return row?.outcome;
}

function typeOf(parameter: string): string {
  return parameter.endsWith("_at") ? "timestamptz" : "text";
}

/**
 * All rows of a run in all tables, its tombstones and its claims, as text without the run's own ids.
 *
 * Rows that were erased in place depend on what the application held when: they are left out, but what
 * is left of them must be nothing but ids. When a row was read from Clerk is no part of its state, and
 * which number it was given neither.
 *
 * @param objects How many of each kind there may be.
 */
export async function readState(
  sql: postgres.Sql,
  run: string,
  objects: number,
  tables = TABLES,
): Promise<string> {
  const ids = Object.values(PREFIXES).flatMap((prefix) =>
    Array.from({ length: objects }, (_, index) => `${prefix}_${run}_${index}`)
  );
  const parts = tables.map((table) =>
    `'${table}', (
      select jsonb_agg(
        case
          when (version).occurred_at > '-infinity' then to_jsonb(stored) - 'app_number'
          else to_jsonb(stored) - 'app_number' - 'synced_at' - 'version'
            || jsonb_build_object('rank', (version).updated_at, 'is_read', (version).webhook_id <> '')
        end
        order by id
      )
      from public.${table} as stored
      where id = any (array(select jsonb_array_elements_text($1))) and deleted_at is null
    ),
    'remains of ${table}', (
      select jsonb_agg(distinct keys.key)
      from public.${table} as stored, jsonb_object_keys(jsonb_strip_nulls(to_jsonb(stored))) as keys (key)
      where id = any (array(select jsonb_array_elements_text($1))) and deleted_at is not null
        and keys.key not in ('id', 'user_id', 'organization_id', 'deleted_at', 'version')
        and keys.key not like 'app\\_%'
    )`
  );
  const [row] = await sql.unsafe(
    `select jsonb_build_object(
      ${parts.join(",\n")},
      'tombstones', (
        select jsonb_agg(to_jsonb(stored) order by object_id)
        from clerk_sync.tombstones as stored
        where object_id = any (array(select jsonb_array_elements_text($1)))
      ),
      'claims', (select jsonb_agg(id order by id) from clerk_sync.webhook_events where id ^@ $2)
    )::text as state`,
    // As JSON: after a broken connection the driver may not know the type of an array.
    [sql.json(ids), `msg_${run}_`],
    { prepare: true },
  );
  return String(row?.state).replaceAll(run, "run");
}
