import process from "node:process";
import { Webhook } from "svix";
import { createDatabase } from "../../functions/clerk-webhook/database.ts";
import { type Config, readConfig } from "../../functions/clerk-webhook/env.ts";
import { createHandler } from "../../functions/clerk-webhook/handler.ts";
import type { Call } from "../../functions/clerk-webhook/mapping.ts";
import { Misconfiguration } from "../../functions/_shared/misconfiguration.ts";
import { newSigningSecret, signedRequest } from "../development/events/signed_request.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { compareInRounds } from "./rounds.ts";
import { userCreatedBody } from "./user_created_body.ts";

/** Nothing listens here: no call gets as far as the network. */
const ADDRESS = "http://127.0.0.1/";

/** Requests that are created and signed at a time, before their round is measured. */
const BATCH = 250;

type Use = (request: Request) => unknown;

/**
 * The processor time of one webhook in the function itself: from a signed request to the response, without a
 * network. Creating and signing requests isn't measured.
 */
export const functionBenchmark: Benchmark = {
  name: "function",
  async run({ isShort, log }) {
    const secret = newSigningSecret();
    const config = configFor(secret);
    const webhook = new Webhook(secret);
    const body = userCreatedBody();
    const events = isShort ? BATCH : BATCH * 32;
    const rounds = isShort ? 1 : 9;
    const compare = (ours: Use, reference: Use) =>
      compareInRounds(rounds, {
        ours: () => measure(ours, { secret, body, events }),
        reference: () => measure(reference, { secret, body, events }),
      });

    const bytes = new TextEncoder().encode(body);
    const decoder = new TextDecoder();
    const floor: Use = ({ headers }) => {
      const text = decoder.decode(bytes);
      webhook.verify(text, {
        "svix-id": headers.get("svix-id") ?? "",
        "svix-timestamp": headers.get("svix-timestamp") ?? "",
        "svix-signature": headers.get("svix-signature") ?? "",
      });
      JSON.parse(text);
    };
    log(`${events} events of ${body.length} bytes, ${rounds} rounds`);
    const ownWork = await compare(handlerOf(config, () => Promise.resolve("applied")), floor);

    log("The same with supabase-js, over a fetch that answers at once");
    using _stub = stubFetch();
    const call = await mappedCall(config, signedRequest(ADDRESS, secret, body));
    const database = createDatabase(config);
    const withClient = await compare(handlerOf(config, database), async (request) => {
      await floor(request);
      await database(call);
    });

    return [
      {
        what: "user.created of 3 kB, answered by a stub for the call",
        against: "verify() of svix and JSON.parse() of the same bytes",
        ...ownWork,
        unit: "µs",
        target: { atMost: 1.5 },
      },
      {
        what: "user.created of 3 kB, answered by a stub for fetch()",
        against: "verify(), JSON.parse() and rpc() of supabase-js",
        ...withClient,
        unit: "µs",
      },
    ] satisfies Comparison[];
  },
};

/** Microseconds of processor time per event, of all threads of this process. */
async function measure(
  use: Use,
  { secret, body, events }: { secret: string; body: string; events: number },
): Promise<number> {
  let total = 0;
  for (let done = 0; done < events; done += BATCH) {
    const requests = Array.from({ length: BATCH }, () => arrivedRequest(secret, body));
    const before = process.cpuUsage();
    for (const request of requests) await use(request);
    const { user, system } = process.cpuUsage(before);
    total += user + system;
  }
  return total / events;
}

/** As a server passes it on: the body as bytes, with the length that the sender announced. */
function arrivedRequest(secret: string, text: string): Request {
  const { headers } = signedRequest(ADDRESS, secret, text);
  const body = new TextEncoder().encode(text);
  headers.set("content-length", String(body.byteLength));
  return new Request(ADDRESS, { method: "POST", headers, body });
}

function configFor(secret: string): Config {
  const config = readConfig(
    new Map(Object.entries({
      CLERK_WEBHOOK_SIGNING_SECRET: secret,
      SUPABASE_URL: ADDRESS,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: "sb_secret_benchmark" }),
    })),
  );
  if (config instanceof Misconfiguration) throw config;
  return config;
}

function handlerOf(config: Config, database: (call: Call) => Promise<unknown>): Use {
  const handle = createHandler({ config, createDatabase: () => database, log() {} });
  return async (request) => {
    const { status } = await handle(request);
    if (status !== 200) throw new Error(`The function answered ${status}`);
  };
}

/** The call that the function makes for a request. */
async function mappedCall(config: Config, request: Request): Promise<Call> {
  const { promise, resolve } = Promise.withResolvers<Call>();
  await handlerOf(config, (call) => {
    resolve(call);
    return Promise.resolve("applied");
  })(request);
  return await promise;
}

/** Replaces the global `fetch` with one that answers `"applied"`, until it is disposed of. */
function stubFetch(): Disposable {
  const { fetch } = globalThis;
  globalThis.fetch = () => Promise.resolve(Response.json("applied"));
  return {
    [Symbol.dispose]() {
      globalThis.fetch = fetch;
    },
  };
}
