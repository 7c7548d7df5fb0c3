/**
 * The property that the design rests on: whatever order, however often and however concurrently the
 * events of a history arrive, the complete final state is that of in-order delivery, and of all
 * deliveries of one webhook exactly one is not a duplicate.
 *
 * Events go through the function's own parsing and mapping and then straight to the RPCs, on several
 * connections, as the role that the function has.
 */
import fc from "fast-check";
import type postgres from "postgres";
import {
  callDirectly,
  connectAsService,
  type Fact,
  MEMBERSHIPS,
  nameOf,
  readState,
  toEvent,
} from "./history.ts";

/** A history, and the orders to deliver it in besides its own. */
export interface Case {
  history: Fact[];
  /** Indices of the history, each at least once. */
  shuffled: number[];
  concurrent: number[];
}

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
    this.#sql = connectAsService(databaseUrl, 8);
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
        const outcome = await callDirectly(this.#sql, toEvent(fact, run), webhookId);
        claims[`#${index}`] = (claims[`#${index}`] ?? 0) + (outcome === "duplicate" ? 0 : 1);
      }
    };
    await Promise.all(Array.from({ length: connections }, work));
    return { state: await readState(this.#sql, run, 4), claims };
  }
}

/** A case as a person reads it. */
export function describeCase({ history, shuffled, concurrent }: Case): string {
  const lines = history.map((fact, index) => {
    const { type, object, updated, occurred, value, isNested, isInSeconds } = fact;
    const details = [
      `updated_at ${updated}`,
      `occurred at ${occurred}${isInSeconds ? " (in seconds)" : ""}`,
      `value ${nameOf(value)}`,
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
