import type { SupabaseClient } from "@supabase/supabase-js";
import { createSupabase } from "../../functions/_shared/supabase.ts";
import { createDatabase } from "../../functions/clerk-webhook/database.ts";
import { readConfig } from "../../functions/clerk-webhook/env.ts";
import { groupCalls } from "../../functions/clerk-webhook/group_calls.ts";
import { createHandler } from "../../functions/clerk-webhook/handler.ts";
import { recognizeEvent, toCall } from "../../functions/clerk-webhook/event.ts";
import type { Call } from "../../functions/clerk-webhook/mapping.ts";
import { deliver } from "../development/events/deliver.ts";
import { newId } from "../development/events/new_id.ts";
import { newSigningSecret, signedRequest } from "../development/events/signed_request.ts";
import { functionEnv } from "../development/stack/function_env.ts";
import { serveWebhook } from "../development/stack/serve_webhook.ts";
import { type Stack, startStack } from "../development/stack/stack.ts";
import type { Benchmark, Comparison, Target } from "./benchmark.ts";
import { type CallMeter, createCallMeter } from "./call_meter.ts";
import { compareInRounds } from "./rounds.ts";
import { userCreatedBody } from "./user_created_body.ts";

/** Requests in flight at once, and the target for their rate: those that arrive together share their calls. */
const CONCURRENCIES: { concurrency: number; target: Target }[] = [
  { concurrency: 1, target: { atLeast: 0.85 } },
  { concurrency: 16, target: { atLeast: 1.5 } },
  { concurrency: 64, target: { atLeast: 2 } },
];

const PERCENTILES = [50, 95, 99];

/** How much is done: the requests in a run, and how often it is measured. */
interface Extent {
  requests: number;
  rounds: number;
}

/** Two ways into one database: webhooks through the function, and the calls that it would make. */
interface Entrances {
  /** Creates a request that the function applies, or refuses because of its signature. */
  request(signature?: string): Request;
  /** The same for a function that doesn't group calls. */
  requestAlone(): Request;
  /** The calls that either function has in flight. */
  meters: { joined: CallMeter; alone: CallMeter };
  /** Creates the call that the function would make for another event. */
  call(): Call;
  /** Makes a call as the function does. */
  rpc(call: Call): Promise<unknown>;
}

/**
 * Webhooks through the function and the whole embedded stack, against the same calls made directly,
 * and what a refused one costs. Load, function and REST layer share this process; each event is a new
 * user, signed and mapped before its run is measured.
 */
export const endToEndBenchmark: Benchmark = {
  name: "end-to-end",
  async run({ isShort, log }) {
    const extent = isShort ? { requests: 64, rounds: 1 } : { requests: 192, rounds: 15 };
    const stack = await startStack();
    try {
      const entrances = open(stack);
      log("Warming up");
      await sendAll(entrances, extent.requests * 6, 16);
      const comparisons: Comparison[] = [];
      for (const { concurrency, target } of CONCURRENCIES) {
        log(`${extent.rounds} rounds of ${extent.requests} events, ${concurrency} at once`);
        comparisons.push(...await compareWithCalls(entrances, concurrency, target, extent));
      }
      log("Side by side with a function that joins no calls");
      comparisons.push(...await compareWithAlone(entrances, extent));
      log("Refused requests");
      return [...comparisons, await compareRefusals(entrances, extent)];
    } finally {
      await stack.stop();
    }
  },
};

function open(stack: Stack): Entrances {
  const secret = newSigningSecret();
  const env = { CLERK_WEBHOOK_SIGNING_SECRET: secret };
  const meters = { joined: createCallMeter(), alone: createCallMeter() };
  const url = serveWebhook(stack, env, {
    log() {},
    createDatabase: (options) => groupCalls(meters.joined.wrap(createDatabase(options))),
  });
  stack.serveFunction(
    "clerk-webhook-alone",
    createHandler({
      config: readConfig(functionEnv(stack, env)),
      createDatabase: (options) => meters.alone.wrap(createDatabase(options)),
      log() {},
    }),
  );
  const supabase: SupabaseClient = createSupabase({
    supabaseUrl: stack.apiUrl,
    supabaseKey: stack.keys.secretKey,
  });
  return {
    meters,
    requestAlone: () => signedRequest(`${url}-alone`, secret, userCreatedBody()),
    request(signature) {
      const request = signedRequest(url, secret, userCreatedBody());
      if (signature !== undefined) request.headers.set("svix-signature", signature);
      return request;
    },
    call() {
      const event = recognizeEvent(JSON.parse(userCreatedBody()));
      if (event === undefined) throw new Error("The mirror doesn't know this event type");
      return toCall(event, newId("msg"));
    },
    async rpc({ rpc, args }) {
      const { data, error } = await supabase.rpc(rpc, args);
      return error ?? data;
    },
  };
}

async function compareWithCalls(
  entrances: Entrances,
  concurrency: number,
  target: Target,
  { requests, rounds }: Extent,
): Promise<Comparison[]> {
  const durations: Record<"ours" | "reference", number[]> = { ours: [], reference: [] };
  const rate = await compareInRounds(rounds, {
    async ours() {
      const run = await sendAll(entrances, requests, concurrency);
      durations.ours.push(...run.durations);
      return run.rate;
    },
    async reference() {
      const { call, rpc } = entrances;
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
    { what, against, ...rate, unit: "events/s", target },
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

/** What grouping changes: nothing for calls that arrive alone, and how many calls there are at once. */
async function compareWithAlone(
  entrances: Entrances,
  { requests, rounds }: Extent,
): Promise<Comparison[]> {
  const { meters, requestAlone } = entrances;
  const against = "the function without groups";
  const sendAlone = (concurrency: number) =>
    runAll(repeat(requests, requestAlone), concurrency, async (request) => {
      expectOutcome((await deliver(request)).outcome, "applied");
    });
  const durations: Record<"ours" | "reference", number[]> = { ours: [], reference: [] };
  const rate = await compareInRounds(rounds, {
    async ours() {
      const run = await sendAll(entrances, requests, 1);
      durations.ours.push(...run.durations);
      return run.rate;
    },
    async reference() {
      const run = await sendAlone(1);
      durations.reference.push(...run.durations);
      return run.rate;
    },
  });
  const [ours, reference] = [durations.ours, durations.reference].map((of) => percentile(of, 99));
  if (ours === undefined || reference === undefined) throw new RangeError("No values");
  const alone = "user.created, 1 at once";
  return [
    { what: alone, against, ...rate, unit: "events/s" },
    {
      what: `${alone}, p99`,
      against,
      ours,
      reference,
      ratio: ours / reference,
      unit: "ms",
      // As much as varies from run to run.
      target: { atMost: 1.1 },
    },
    {
      what: "connections in use at a time, 64 at once",
      against,
      ...await compareInRounds(rounds, {
        async ours() {
          meters.joined.takeMean();
          await sendAll(entrances, requests, 64);
          return meters.joined.takeMean();
        },
        async reference() {
          meters.alone.takeMean();
          await sendAlone(64);
          return meters.alone.takeMean();
        },
      }),
      unit: "calls",
      target: { atMost: 0.2 },
    },
  ];
}

async function compareRefusals(
  entrances: Entrances,
  { requests, rounds }: Extent,
): Promise<Comparison> {
  const wrong = `v1,${btoa("0".repeat(32))}`;
  return {
    what: "a request with a wrong signature, one at a time",
    against: "an applied one",
    ...await compareInRounds(rounds, {
      ours: async () => 1000 / (await sendAll(entrances, requests, 1, wrong)).rate,
      reference: async () => 1000 / (await sendAll(entrances, requests, 1)).rate,
    }),
    unit: "ms",
    target: { atMost: 0.15 },
  };
}

/** Sends webhooks that are applied or, with a signature that is wrong, refused. */
function sendAll(
  { request }: Entrances,
  requests: number,
  concurrency: number,
  signature?: string,
): Promise<Run> {
  const expected = signature === undefined ? "applied" : "invalid_signature";
  return runAll(repeat(requests, () => request(signature)), concurrency, async (request) => {
    expectOutcome((await deliver(request)).outcome, expected);
  });
}

/** The results of many requests. */
interface Run {
  /** Per second. */
  rate: number;
  /** Milliseconds of each. */
  durations: number[];
}

/** Processes all items, several at a time. */
async function runAll<Item>(
  items: Item[],
  concurrency: number,
  use: (item: Item) => Promise<void>,
): Promise<Run> {
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

/** @throws {RangeError} if there are no values. */
function percentile(values: number[], percent: number): number {
  const value = values.toSorted((a, b) => a - b)[Math.ceil(values.length * percent / 100) - 1];
  if (value === undefined) throw new RangeError("No values");
  return value;
}
