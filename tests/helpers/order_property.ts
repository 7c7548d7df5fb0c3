/**
 * The property that the design rests on: whatever order, however often and however concurrently the
 * events of a history arrive, the complete final state is that of in-order delivery, and of all
 * deliveries of one webhook exactly one is not a duplicate.
 *
 * Events go through the function's own parsing and mapping and then straight to the RPCs, on several
 * connections, as the role that the function has.
 */
import fc from "fast-check";
import postgres from "postgres";
import { recognizeEvent, toCall } from "../../functions/clerk-webhook/event.ts";

/** One event of a generated history, in terms small enough to be read. */
export interface Fact {
  type: string;
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

/** A history, and the orders to deliver it in besides its own. */
export interface Case {
  history: Fact[];
  /** Indices of the history, each at least once. */
  shuffled: number[];
  concurrent: number[];
}

const BEGINNING = Date.UTC(2026, 0, 1);

/** Which parents each object has: Clerk's ids keep theirs. The last membership is a re-addition. */
const MEMBERSHIPS = [
  { organization: 0, user: 0 },
  { organization: 1, user: 0 },
  { organization: 0, user: 1 },
  { organization: 0, user: 0 },
];

const TYPES = {
  "user.created": 2,
  "user.updated": 2,
  "user.deleted": 2,
  "session.created": 2,
  "session.pending": 2,
  "session.ended": 2,
  "organization.created": 2,
  "organization.updated": 2,
  "organization.deleted": 2,
  "organizationMembership.created": MEMBERSHIPS.length,
  "organizationMembership.updated": MEMBERSHIPS.length,
  "organizationMembership.deleted": MEMBERSHIPS.length,
  "organizationInvitation.created": 2,
  "organizationInvitation.accepted": 2,
  "organizationInvitation.revoked": 2,
  "organizationDomain.created": 2,
  "organizationDomain.updated": 2,
  "organizationDomain.deleted": 2,
  "subscription.updated": 2,
} as const;

const fact: fc.Arbitrary<Fact> = fc
  .constantFrom(...Object.entries(TYPES))
  .chain(([type, objects]) =>
    fc.record({
      type: fc.constant(type),
      object: fc.nat(objects - 1),
      updated: fc.nat(3),
      occurred: fc.nat(3),
      value: fc.nat(2),
      isNested: fc.boolean(),
      isInSeconds: fc.boolean(),
      tag: fc.nat(3),
    })
  );

/** Clerk opens a session once. */
const history = fc.array(fact, { minLength: 1, maxLength: 12 }).map((facts) =>
  facts.filter((one, index) =>
    one.type !== "session.created" ||
    facts.findIndex(({ type, object }) => type === one.type && object === one.object) === index
  )
);

/** Generated cases. */
export const cases: fc.Arbitrary<Case> = history.chain((facts) => {
  const indices = facts.map((_, index) => index);
  const delivery = fc
    .array(fc.nat(Math.max(0, indices.length - 1)), { maxLength: 4 })
    .chain((again) =>
      fc.shuffledSubarray([...indices, ...again], { minLength: indices.length + again.length })
    );
  return fc.record({ history: fc.constant(facts), shuffled: delivery, concurrent: delivery });
});

const name = (value: number) => ["A", "B", "C"][value] ?? "D";
const at = (seconds: number) => BEGINNING + seconds * 1000;

/** The event that a fact stands for, with the ids of one run. */
function toEvent(fact: Fact, run: string): unknown {
  const times = { created_at: at(0), updated_at: at(fact.updated) };
  const user = (index: number) => `user_${run}_${index}`;
  const organization = (index: number) => `org_${run}_${index}`;
  const snapshot = (index: number) => ({
    id: organization(index),
    name: `snapshot ${name(fact.value)}`,
    slug: name(fact.value),
  });
  const fullUser = (index: number) => ({
    id: user(index),
    first_name: name(fact.value),
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
          : { id: organization(fact.object), name: name(fact.value), ...times };
      case "organizationMembership": {
        const parents = MEMBERSHIPS[fact.object] ?? { organization: 0, user: 0 };
        return {
          id: `orgmem_${run}_${fact.object}`,
          role: name(fact.value),
          organization: snapshot(parents.organization),
          public_user_data: {
            user_id: user(parents.user),
            first_name: `snapshot ${name(fact.value)}`,
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
          status: verb,
          ...times,
        };
      case "organizationDomain":
        return verb === "deleted" ? { id: `orgdmn_${run}_${fact.object}`, deleted: true } : {
          id: `orgdmn_${run}_${fact.object}`,
          organization_id: organization(fact.object),
          name: name(fact.value),
          ...times,
        };
      default:
        return {
          id: `csub_${run}_${fact.object}`,
          status: name(fact.value),
          payer: fact.object === 0
            ? { user_id: user(0), organization_id: "", first_name: name(fact.value) }
            : { organization_id: organization(1), organization_name: name(fact.value) },
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

const TABLES = [
  "profiles",
  "session_logs",
  "organizations",
  "organization_memberships",
  "organization_invitations",
  "organization_domains",
  "subscriptions",
];

/** What a delivery of a history came to. */
interface Result {
  /** All rows of all tables, the tombstones and the claims, as text without the run's own ids. */
  state: string;
  /** How often each webhook was answered other than `duplicate`. */
  claims: Record<string, number>;
}

/** Delivers histories to a database. */
export class Deliverer implements AsyncDisposable {
  readonly #sql: postgres.Sql;
  #runs = 0;

  /** @param databaseUrl Connection string of a role that may become `service_role`. */
  constructor(databaseUrl: string) {
    this.#sql = postgres(databaseUrl, {
      max: 8,
      onnotice: () => {},
      connection: { role: "service_role" },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end();
  }

  /** @throws {Error} with both states, if the property does not hold. */
  async check({ history, shuffled, concurrent }: Case): Promise<void> {
    const inOrder = history.map((_, index) => index);
    const [expected, ...results] = await Promise.all([
      this.#deliver(history, inOrder, 1),
      this.#deliver(history, shuffled, 1),
      this.#deliver(history, concurrent, 4),
    ]);
    for (const [index, { state, claims }] of results.entries()) {
      const way = index === 0 ? "shuffled" : "concurrent";
      for (const [webhook, times] of Object.entries(claims)) {
        if (times !== 1) throw new Error(`${way}: ${webhook} was processed ${times} times`);
      }
      if (state !== expected.state) {
        throw new Error(
          `${way}: the state differs\n  in order: ${expected.state}\n  ${way}: ${state}`,
        );
      }
    }
  }

  async #deliver(history: Fact[], order: number[], connections: number): Promise<Result> {
    const run = `${(++this.#runs).toString(36)}x${crypto.randomUUID().slice(0, 8)}`;
    const webhookIds = history.map((fact, index) => `msg_${run}_${fact.tag}_${index}`);
    const claims: Record<string, number> = {};
    const queue = [...order];
    const work = async () => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        const [fact, webhookId] = [history[index], webhookIds[index]];
        if (fact === undefined || webhookId === undefined) continue;
        const outcome = await this.#call(toEvent(fact, run), webhookId);
        claims[`#${index}`] = (claims[`#${index}`] ?? 0) + (outcome === "duplicate" ? 0 : 1);
      }
    };
    await Promise.all(Array.from({ length: connections }, work));
    return { state: (await this.#readState(run)).replaceAll(run, "run"), claims };
  }

  async #call(body: unknown, webhookId: string): Promise<unknown> {
    const event = recognizeEvent(body);
    if (event === undefined) throw new Error("The history has an event that the mirror ignores");
    const { rpc, args } = toCall(event, webhookId);
    const sql = this.#sql;
    const entries = Object.entries(args);
    const names = entries.map(([key], index) =>
      `${key} => $${index + 1}::${key.endsWith("_id") ? "text" : "jsonb"}`
    );
    const [row] = await sql.unsafe(
      `select public.${rpc}(${names.join(", ")}) as outcome`,
      entries.map(([, value]) => typeof value === "string" ? value : sql.json(value)),
      { prepare: true },
    );
    return row?.outcome;
  }

  async #readState(run: string): Promise<string> {
    const ids = ["user", "org", "sess", "orgmem", "orginv", "orgdmn", "csub"].flatMap((prefix) =>
      [0, 1, 2, 3].map((index) => `${prefix}_${run}_${index}`)
    );
    const parts = TABLES.map((table) =>
      `'${table}', (select jsonb_agg(to_jsonb(stored) order by id) from public.${table} as stored where id = any ($1))`
    );
    const [row] = await this.#sql.unsafe(
      `select jsonb_build_object(
        ${parts.join(",\n")},
        'tombstones', (
          select jsonb_agg(to_jsonb(stored) order by object_id)
          from clerk_sync.tombstones as stored where object_id = any ($1)
        ),
        'claims', (
          select jsonb_agg(id order by id) from clerk_sync.webhook_events where id ^@ $2
        )
      )::text as state`,
      [ids, `msg_${run}_`],
      { prepare: true },
    );
    return row?.state;
  }
}

/** A case as a person reads it. */
export function describeCase({ history, shuffled, concurrent }: Case): string {
  const lines = history.map((fact, index) => {
    const { type, object, updated, occurred, value, isNested, isInSeconds } = fact;
    const details = [
      `updated_at ${updated}`,
      `occurred at ${occurred}${isInSeconds ? " (in seconds)" : ""}`,
      `value ${name(value)}`,
      ...(isNested ? ["nests its parent"] : []),
      `webhook ${fact.tag}_${index}`,
    ];
    return `  #${index} ${type} of ${object}: ${details.join(", ")}`;
  });
  return [...lines, `  shuffled: ${shuffled.join(" ")}`, `  concurrent: ${concurrent.join(" ")}`]
    .join("\n");
}

/** How a check of the property ended. */
export interface Verdict {
  isTrue: boolean;
  runs: number;
  seed: number;
  /** The smallest history found for which it does not hold, and why. */
  counterexample?: string;
}

/** Checks the property. */
export async function checkOrder(
  databaseUrl: string,
  parameters: { runs: number; seed?: number; seconds?: number },
): Promise<Verdict> {
  await using deliverer = new Deliverer(databaseUrl);
  const { runs, seed, seconds } = parameters;
  const result = await fc.check(fc.asyncProperty(cases, (one) => deliverer.check(one)), {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed }),
    ...(seconds === undefined
      ? {}
      : { interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false }),
  });
  const { failed, numRuns, counterexample, errorInstance } = result;
  const [smallest] = counterexample ?? [];
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return {
    isTrue: !failed,
    runs: numRuns,
    seed: result.seed,
    ...(smallest ? { counterexample: `${describeCase(smallest)}\n  ${reason}` } : {}),
  };
}
