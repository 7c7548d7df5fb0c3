import type { SupabaseClient } from "@supabase/supabase-js";
import { createSupabase } from "../../functions/_shared/supabase.ts";
import { recognizeEvent, toCall } from "../../functions/clerk-webhook/event.ts";
import type { Call } from "../../functions/clerk-webhook/mapping.ts";
import { deliver } from "../events/deliver.ts";
import { newId } from "../events/new_id.ts";
import { newSigningSecret, signedRequest } from "../events/signed_request.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { compareInRounds } from "./rounds.ts";
import { startFunction } from "./start_function.ts";
import { userCreatedBody } from "./user_created_body.ts";

/** Requests under way at once. */
const CONCURRENCIES = [1, 16, 64];

const PERCENTILES = [50, 95, 99];

/** How much is done: one run has so many requests, and is measured so many times. */
interface Extent {
  requests: number;
  rounds: number;
}

/** Two ways into one database: webhooks through the function, and the calls that it would make. */
interface Entrances {
  /** Makes a request that the function at an address applies, or, by its signature, refuses. */
  request(url: string, signature?: string): Request;
  /** Makes the call that the function would make of a further event. */
  call(): Call;
  /** Makes a call as the function does. */
  rpc(call: Call): Promise<unknown>;
}

/**
 * Webhooks through the function, against the same calls made directly of the same REST layer, and
 * what a refused one costs. The function is a process of its own, as it is on Supabase; each event is
 * a new user, signed and mapped before its run is measured.
 */
export const endToEnd: Benchmark = {
  name: "end-to-end",
  async run({ isShort, log }) {
    const extent = isShort ? { requests: 96, rounds: 3 } : { requests: 480, rounds: 7 };
    const stack = await startStack();
    try {
      const secret = newSigningSecret();
      const entrances = open(stack, secret);
      await using served = await startFunction(stack, secret);
      const comparisons: Comparison[] = [];
      for (const concurrency of CONCURRENCIES) {
        log(`${extent.rounds} rounds of ${extent.requests} events, ${concurrency} at once`);
        comparisons.push(
          ...await compareWithCalls(entrances, served.url, concurrency, extent),
        );
      }
      log("Refused requests");
      return [...comparisons, await compareRefusals(entrances, served.url, extent)];
    } finally {
      await stack.stop();
    }
  },
};

function open(stack: Stack, secret: string): Entrances {
  const supabase: SupabaseClient = createSupabase({
    supabaseUrl: stack.apiUrl,
    supabaseKey: stack.keys.secretKey,
  });
  return {
    request(url, signature) {
      const request = signedRequest(url, secret, userCreatedBody());
      if (signature !== undefined) request.headers.set("svix-signature", signature);
      return request;
    },
    call() {
      const event = recognizeEvent(JSON.parse(userCreatedBody()));
      if (event === undefined) throw new Error("The event is of no type that the mirror knows");
      return toCall(event, newId("msg"));
    },
    async rpc({ rpc, args }) {
      const { data, error } = await supabase.rpc(rpc, args);
      return error ?? data;
    },
  };
}

async function compareWithCalls(
  { request, call, rpc }: Entrances,
  url: string,
  concurrency: number,
  { requests, rounds }: Extent,
): Promise<Comparison[]> {
  const durations: Record<"ours" | "reference", number[]> = { ours: [], reference: [] };
  const rate = await compareInRounds(rounds, {
    async ours() {
      const run = await runAll(
        repeat(requests, () => request(url)),
        concurrency,
        async (request) => {
          expectOutcome((await deliver(request)).outcome, "applied");
        },
      );
      durations.ours.push(...run.durations);
      return run.rate;
    },
    async reference() {
      const run = await runAll(repeat(requests, call), concurrency, async (call) => {
        expectOutcome(await rpc(call), "applied");
      });
      durations.reference.push(...run.durations);
      return run.rate;
    },
  });
  const against = "the same RPC by supabase-js";
  const what = `user.created, ${concurrency} at once`;
  return [
    { what, against, ...rate, unit: "events/s", target: { atLeast: 0.85 } },
    ...PERCENTILES.map((percent) => {
      const ours = percentile(durations.ours, percent);
      const reference = percentile(durations.reference, percent);
      return {
        what: `${what}, p${percent}`,
        against,
        ours,
        reference,
        ratio: ours / reference,
        unit: "ms",
      };
    }),
  ];
}

async function compareRefusals(
  { request }: Entrances,
  url: string,
  { requests, rounds }: Extent,
): Promise<Comparison> {
  const duration = async (outcome: string, signature?: string) => {
    const run = await runAll(
      repeat(requests, () => request(url, signature)),
      1,
      async (request) => {
        expectOutcome((await deliver(request)).outcome, outcome);
      },
    );
    return 1000 / run.rate;
  };
  return {
    what: "a request with a wrong signature, one at a time",
    against: "an applied one",
    ...await compareInRounds(rounds, {
      ours: () => duration("invalid_signature", `v1,${btoa("0".repeat(32))}`),
      reference: () => duration("applied"),
    }),
    unit: "ms",
    target: { atMost: 0.15 },
  };
}

/** Uses all items, several at a time. Durations are in milliseconds, the rate is per second. */
async function runAll<Item>(
  items: Item[],
  concurrency: number,
  use: (item: Item) => Promise<void>,
): Promise<{ rate: number; durations: number[] }> {
  const durations: number[] = [];
  const queue = items.values();
  const startedAt = performance.now();
  await Promise.all(repeat(concurrency, async () => {
    for (const item of queue) {
      const itemStartedAt = performance.now();
      await use(item);
      durations.push(performance.now() - itemStartedAt);
    }
  }));
  return { rate: items.length * 1000 / (performance.now() - startedAt), durations };
}

function repeat<Item>(times: number, make: () => Item): Item[] {
  return Array.from({ length: times }, make);
}

function expectOutcome(actual: unknown, expected: string): void {
  if (actual !== expected) {
    throw new Error(`Instead of "${expected}", the outcome is "${JSON.stringify(actual)}"`);
  }
}

/** @throws {RangeError} without values. */
function percentile(values: number[], percent: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.ceil(values.length * percent / 100) - 1];
  if (value === undefined) throw new RangeError("No values");
  return value;
}
