/**
 * The property that the design rests on: whatever order, however often and however concurrently the
 * facts of a history arrive, the complete final state is that of in-order delivery, and of all
 * deliveries of one webhook exactly one is not a duplicate. Facts are told by events, by backfills and
 * by reconciliations.
 *
 * They go through the function's own parsing and mapping and then straight to the RPCs, on several
 * connections, as the role that the function has.
 */
import fc from "fast-check";
import type postgres from "postgres";
import { installedNaming, type Naming } from "../../functions/_shared/naming.ts";
import {
  callDirectly,
  callTogether,
  canBeRead,
  connectAsService,
  type Fact,
  idOf,
  MEMBERSHIPS,
  nameOf,
  readDirectly,
  readState,
  SHOWN_TABLES,
  TABLES,
  toEvent,
} from "./history.ts";

/** A history, and the orders to deliver it in besides its own. */
export interface Case {
  history: Fact[];
  /** Indices of the history, each at least once. */
  shuffled: number[];
  concurrent: number[];
  /** How many deliveries come at once, where they are joined into groups. */
  groupSize: number;
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

/** What a reconciliation finds in Clerk and lets rise, if it is deleted here. */
const SHOWN_TYPES = {
  "user.shown": 2,
  "organization.shown": 2,
  "organizationMembership.shown": MEMBERSHIPS.length,
} as const;

function factOf(types: Record<string, number>): fc.Arbitrary<Fact> {
  return fc.constantFrom(...Object.entries(types)).chain(([type, objects]) =>
    fc.record({
      type: fc.constant(type),
      isRead: fc.boolean().map((isRead) => canBeRead(type) && isRead),
      object: fc.nat(objects - 1),
      updated: fc.nat(3),
      occurred: fc.nat(3),
      value: fc.nat(2),
      isNested: fc.boolean(),
      isInSeconds: fc.boolean(),
      tag: fc.nat(3),
    }).map((fact) => fact.isRead ? asRead(fact) : fact)
  );
}

/** What Clerk lists is one and the same as long as `updated_at` is. */
function asRead(fact: Fact): Fact {
  return { ...fact, value: (fact.object + fact.updated) % 3, isNested: true };
}

function casesOf(types: Record<string, number>): fc.Arbitrary<Case> {
  return fc.array(factOf(types), { minLength: 1, maxLength: 12 }).chain((facts) => {
    const indices = facts.map((_, index) => index);
    const delivery = fc
      .array(fc.nat(Math.max(0, indices.length - 1)), { maxLength: 4 })
      .chain((again) =>
        fc.shuffledSubarray([...indices, ...again], { minLength: indices.length + again.length })
      );
    return fc.record({
      history: fc.constant(facts),
      shuffled: delivery,
      concurrent: delivery,
      groupSize: fc.integer({ min: 2, max: 6 }),
    });
  });
}

/** Generated cases of what events, backfills and reconciliations tell. */
export const cases = casesOf(TYPES);

/** Generated cases in which a reconciliation also finds objects in Clerk that are deleted here. */
export const risingCases = casesOf({ ...TYPES, ...SHOWN_TYPES });

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
  readonly #isGrouped: boolean;
  #runs = 0;

  /**
   * @param databaseUrl Connection string of a role that may become `service_role`.
   * @param isGrouped Whether events are delivered in groups, but for those in order.
   */
  constructor(databaseUrl: string, naming: Naming, isGrouped = false) {
    this.#sql = connectAsService(databaseUrl, 8, naming);
    this.#isGrouped = isGrouped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end();
  }

  /** @throws {Error} with both states, if the property does not hold. */
  async check({ history, shuffled, concurrent, groupSize }: Case): Promise<void> {
    const inOrder = history.map((_, index) => index);
    const size = this.#isGrouped ? groupSize : 1;
    const [expected, ...results] = await Promise.all([
      this.#deliver(history, inOrder, 1, 1),
      this.#deliver(history, shuffled, 1, size),
      this.#deliver(history, concurrent, 4, size),
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

  /** @param size How many deliveries come at once to each connection. */
  async #deliver(
    history: Fact[],
    order: number[],
    connections: number,
    size: number,
  ): Promise<Result> {
    const run = `${(++this.#runs).toString(36)}x${crypto.randomUUID().slice(0, 8)}`;
    const claims: Record<string, number> = {};
    const queue = order.flatMap((index) => {
      const fact = history[index];
      if (fact === undefined) return [];
      return [{ fact, name: `#${index}`, webhookId: `msg_${run}_${fact.tag}_${index}` }];
    });
    const tell = async (events: typeof queue) => {
      const deliveries = events.map(({ fact, webhookId }) => ({
        body: toEvent(fact, run),
        webhookId,
      }));
      const outcomes = size > 1 ? await callTogether(this.#sql, deliveries) : await Promise.all(
        deliveries.map(({ body, webhookId }) => callDirectly(this.#sql, body, webhookId)),
      );
      for (const [place, { name }] of events.entries()) {
        claims[name] = (claims[name] ?? 0) + (outcomes[place] === "duplicate" ? 0 : 1);
      }
    };
    const work = async () => {
      while (queue.length > 0) {
        const steps = queue.splice(0, size);
        const isEvent = ({ fact }: typeof steps[number]) => !fact.isRead && !isShown(fact);
        await Promise.all([
          tell(steps.filter(isEvent)),
          ...steps.filter((step) => !isEvent(step)).map(({ fact }) =>
            readDirectly(this.#sql, fact, run)
          ),
        ]);
      }
    };
    await Promise.all(Array.from({ length: connections }, work));
    if (!history.some(isShown)) return { state: await readState(this.#sql, run, 4), claims };

    await this.#checkBuried(history, run);
    for (const fact of LAST_LOOK) await readDirectly(this.#sql, fact, run);
    // Sessions can't be read again: what came of them while their user was deleted is lost.
    const tables = TABLES.filter((table) => table !== "session_logs");
    return { state: await readState(this.#sql, run, 4, tables), claims };
  }

  /** Of a deletion and a look at the object, whichever was later counts: a tie is a deletion's. */
  async #checkBuried(history: Fact[], run: string): Promise<void> {
    for (const noun of Object.keys(SHOWN_TABLES)) {
      for (let object = 0; object < MEMBERSHIPS.length; object++) {
        const last = (verb: string) =>
          Math.max(
            ...history
              .filter((fact) => fact.type === `${noun}.${verb}` && fact.object === object)
              .map(({ occurred }) => occurred),
          );
        const id = idOf({ type: `${noun}.`, object }, run);
        const [row] = await this.#sql`
          select exists (select from clerk_sync.tombstones where object_id = ${id}) as is_buried`;
        const isBuried = last("deleted") > -Infinity && last("deleted") >= last("shown");
        if (row?.is_buried !== isBuried) {
          throw new Error(`${id} should ${isBuried ? "" : "not "}be buried`);
        }
      }
    }
  }
}

function isShown({ type }: Fact): boolean {
  return type.endsWith(".shown");
}

/** What comes while an object is deleted is lost: the next reconciliation reads all that there is. */
const LAST_LOOK: Fact[] = Object.entries(TYPES)
  .filter(([type]) => /^[^.]+\.(updated|accepted)$/.test(type))
  .flatMap(([type, objects]) =>
    Array.from({ length: objects }, (_, object) => ({
      type,
      isRead: true,
      object,
      updated: 9,
      occurred: 9,
      value: 0,
      isNested: false,
      isInSeconds: false,
      tag: 0,
    }))
  );

/** A case as a person reads it. */
export function describeCase({ history, shuffled, concurrent, groupSize }: Case): string {
  const lines = history.map((fact, index) => {
    const { type, isRead, object, updated, occurred, value, isNested, isInSeconds } = fact;
    const details = [
      ...(isRead ? ["read in Clerk"] : []),
      `updated_at ${updated}`,
      `occurred at ${occurred}${isInSeconds ? " (in seconds)" : ""}`,
      `value ${nameOf(value)}`,
      ...(isNested ? ["nests its parent"] : []),
      `webhook ${fact.tag}_${index}`,
    ];
    return `  #${index} ${type} of ${object}: ${details.join(", ")}`;
  });
  return [
    ...lines,
    `  shuffled: ${shuffled.join(" ")}`,
    `  concurrent: ${concurrent.join(" ")}`,
    `  at once, in groups: ${groupSize}`,
  ].join("\n");
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
  parameters: {
    runs: number;
    seed?: number;
    seconds?: number;
    isRising?: boolean;
    isGrouped?: boolean;
    naming?: Naming;
  },
): Promise<Verdict> {
  const { runs, seed, seconds, isRising = false, isGrouped, naming = installedNaming } = parameters;
  await using deliverer = new Deliverer(databaseUrl, naming, isGrouped);
  const generated = isRising ? risingCases : cases;
  const result = await fc.check(fc.asyncProperty(generated, (one) => deliverer.check(one)), {
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
