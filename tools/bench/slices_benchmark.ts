/**
 * A whole backfill and a whole reconciliation of a large instance, in slices, with live webhooks and kills:
 * what each slice uses, against the limits of a hosted function, and whether everything is exact at the end.
 */
import { join } from "node:path";
import postgres from "postgres";
import { bundleFunctions } from "../packaging/bundle_functions.ts";
import { newSigningSecret, signedRequest } from "../development/events/signed_request.ts";
import { deliver } from "../development/events/deliver.ts";
import {
  type FunctionProcess,
  startFunctionProcess,
} from "../development/stack/function_process.ts";
import { serveWebhook } from "../development/stack/serve_webhook.ts";
import { type Stack, startStack } from "../development/stack/stack.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { type InstanceSize, type LargeInstance, serveLargeInstance } from "./large_instance.ts";
import { processFigures } from "./process_figures.ts";

const LONG: InstanceSize = { users: 1_000_000, organizations: 100_000, memberships: 300_000 };

/** Short enough to finish in seconds. */
const SHORT_SCALE = 0.005;

/** Limits of a hosted function (supabase.com/docs/guides/functions/limits). */
const PROCESSOR_LIMIT = 2_000;
const WALL_LIMIT = 150_000;
const MEMORY_LIMIT = 256;

/** Megabytes of the heap: what a hosted function's limit leaves next to the runtime. */
const HEAP_LIMIT = 128;

/** After at most this many slices, the process is killed at some moment during the next one. */
const SLICES_BETWEEN_KILLS = 12;

/** The same in the short form, which has few slices. */
const SHORT_BETWEEN_KILLS = 1;

/** Minimum milliseconds between two webhooks. */
const WEBHOOK_PAUSE = 25;

/** One in this many users is changed, one is lost by the mirror, and one is deleted, without a webhook. */
const DRIFT = 500;

interface Setup {
  stack: Stack;
  sql: postgres.Sql;
  clerk: LargeInstance;
  process: FunctionProcess;
  webhooks: { url: string; secret: string };
  slicesBetweenKills: number;
  log(line: string): void;
}

/** The first request for a run. */
interface Begin {
  kind: string;
  [option: string]: unknown;
}

/** The highest figures of all slices of a run. */
interface Peaks {
  slices: number;
  kills: number;
  webhooks: number;
  /** Milliseconds. */
  processor: number;
  wall: number;
  /** Megabytes, of the whole process. */
  memory: number;
}

/** Slices of the function `clerk-reconcile`, as the single file that is deployed. */
export const slicesBenchmark: Benchmark = {
  name: "reconcile-slices",
  async run({ isShort, scale, log }) {
    const size = scaled(LONG, isShort ? SHORT_SCALE : scale);
    log(JSON.stringify(size));
    const stack = await startStack({ settings: { max_wal_size: "8GB", shared_buffers: "512MB" } });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => stack.stop());
    const clerk = cleanUp.use(serveLargeInstance(size));
    const sql = postgres(stack.databaseUrl, { max: 2, onnotice: () => {} });
    cleanUp.defer(() => sql.end());
    const secret = newSigningSecret();
    const url = serveWebhook(stack, { CLERK_WEBHOOK_SIGNING_SECRET: secret }, { log: () => {} });
    const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-bench-" });
    cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
    await bundleFunctions(folder);
    const process = cleanUp.use(
      await startFunctionProcess(join(folder, "functions/clerk-reconcile/index.js"), {
        CLERK_SECRET_KEY: "sk_live_of_a_benchmark",
        CLERK_API_URL: clerk.url,
        SUPABASE_URL: stack.apiUrl,
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.keys.secretKey }),
      }, HEAP_LIMIT),
    );
    stack.serveFunction("clerk-reconcile", (request) => process.serve(request));
    const setup = {
      stack,
      sql,
      clerk,
      process,
      webhooks: { url, secret },
      slicesBetweenKills: isShort ? SHORT_BETWEEN_KILLS : SLICES_BETWEEN_KILLS,
      log,
    };
    const baseline = (await processFigures(process.pid)).peakMemory;

    const backfill = await runInSlices(setup, { kind: "backfill" });
    await assertExact(setup);
    await drift(setup, size.users);
    const reconcile = await runInSlices(setup, { kind: "reconcile", repair: true, grace: 0 });
    await assertExact(setup);
    return [
      ...compare("backfill", backfill, baseline),
      ...compare("reconciliation", reconcile, baseline),
    ];
  },
};

function scaled(size: InstanceSize, scale: number): InstanceSize {
  return {
    users: Math.ceil(size.users * scale),
    organizations: Math.ceil(size.organizations * scale),
    memberships: Math.ceil(size.memberships * scale),
  };
}

function compare(what: string, peaks: Peaks, baseline: number): Comparison[] {
  const { slices, kills, webhooks, processor, wall, memory } = peaks;
  const line = (name: string, unit: string, ours: number, reference: number, against: string) => ({
    what: `${what}: ${name}`,
    against,
    unit,
    ours,
    reference,
    ratio: ours / reference,
  });
  const atMost = { target: { atMost: 1 } };
  const limit = "a hosted function's limit";
  const counts = `${slices} slices, ${kills} kills, ${webhooks} webhooks`;
  return [
    {
      ...line(`longest processor time of ${counts}`, "ms", processor, PROCESSOR_LIMIT, limit),
      ...atMost,
    },
    { ...line("longest slice", "ms", wall, WALL_LIMIT, limit), ...atMost },
    { ...line("peak memory of the process", "MB", memory, MEMORY_LIMIT, limit), ...atMost },
    line("peak memory of the process", "MB", memory, baseline, "before its first slice"),
  ];
}

/** Requests slice after slice until the run is done, with webhooks and kills in between. */
async function runInSlices(setup: Setup, begin: Begin): Promise<Peaks> {
  const { sql, log } = setup;
  const peaks: Peaks = { slices: 0, kills: 0, webhooks: 0, processor: 0, wall: 0, memory: 0 };
  const startedAt = performance.now();
  const slices = new AbortController();
  // If the slices fail, that is the error to throw, not what stopping did to the webhooks.
  await Promise.all([
    askForSlices(setup, begin, peaks).finally(() => slices.abort()),
    sendWebhooks(setup, peaks, slices.signal),
  ]);
  const seconds = (performance.now() - startedAt) / 1000;
  log(`${begin.kind}: done in ${seconds.toFixed(0)} s: ${JSON.stringify(peaks)}`);
  const [run] = await sql`select results from clerk_sync.runs order by id desc limit 1`;
  log(JSON.stringify(run?.results.slice(0, 3)));
  return peaks;
}

async function askForSlices(
  { stack, sql, process, slicesBetweenKills, log }: Setup,
  begin: Begin,
  peaks: Peaks,
): Promise<void> {
  let untilKill = newCountdown(slicesBetweenKills);
  let asked: Record<string, unknown> = begin;
  let isOpen = true;
  while (isOpen) {
    const before = await processFigures(process.pid);
    const sliceAt = performance.now();
    const slice = fetch(`${stack.apiUrl}/functions/v1/clerk-reconcile`, {
      method: "POST",
      headers: { apikey: stack.keys.secretKey },
      body: JSON.stringify({ ...asked, ask_again: false }),
    });
    if (untilKill-- === 0) {
      await pause(Math.random() * 2_000);
      await process.killAndRestart();
      await (await slice).body?.cancel();
      peaks.kills++;
      untilKill = newCountdown(slicesBetweenKills);
      // As if the lease had expired in the meantime.
      await sql`update clerk_sync.runs set lease_until = now() where state = 'open'`;
      const state = await runState(sql, begin.kind);
      asked = state ? {} : begin;
      isOpen = state !== "done";
      continue;
    }
    const answer = await slice;
    const body = await answer.json();
    if (answer.status !== 200 || !["open", "done"].includes(body.state) || body.reason) {
      throw new Error(`A slice failed: ${answer.status} ${JSON.stringify(body)}`);
    }
    asked = {};
    isOpen = body.state === "open";
    const after = await processFigures(process.pid);
    peaks.slices++;
    peaks.processor = Math.max(peaks.processor, after.processorTime - before.processorTime);
    peaks.wall = Math.max(peaks.wall, performance.now() - sliceAt);
    peaks.memory = Math.max(peaks.memory, after.peakMemory);
    if (peaks.slices % 20 === 0) log(`${begin.kind}: ${JSON.stringify(peaks)}`);
  }
}

async function sendWebhooks(setup: Setup, peaks: Peaks, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    if (await sendWebhook(setup)) peaks.webhooks++;
    await pause(WEBHOOK_PAUSE);
  }
}

function newCountdown(slicesBetweenKills: number): number {
  return 1 + Math.floor(Math.random() * slicesBetweenKills);
}

/** The state of the run that a killed process was working on. Undefined if it had not begun one. */
async function runState(sql: postgres.Sql, kind: string): Promise<string | undefined> {
  const [run] = await sql<{ state: string }[]>`
    select state from clerk_sync.runs where kind = ${kind} order by id desc limit 1`;
  return run?.state;
}

/** Sends a change that Clerk already has. Returns whether there was one. */
async function sendWebhook({ clerk, webhooks: { url, secret } }: Setup): Promise<boolean> {
  const chance = Math.random();
  const index = clerk.randomUser();
  const event = { instance_id: clerk.instanceId, timestamp: Date.now() };
  let body;
  if (chance < 0.05) {
    const id = clerk.deleteUser(index);
    body = id && { ...event, type: "user.deleted", data: { id, object: "user", deleted: true } };
  } else if (chance < 0.15) {
    body = { ...event, type: "user.created", data: clerk.addUser() };
  } else {
    const data = clerk.updateUser(index);
    body = data && { ...event, type: "user.updated", data };
  }
  if (!body) return false;
  // As Svix does: until it is accepted.
  while (true) {
    const { status } = await deliver(signedRequest(url, secret, JSON.stringify(body)));
    if (status === 200) return true;
    await pause(200);
  }
}

/** What the webhooks of a bad week would have reported. */
async function drift({ clerk, sql, log }: Setup, users: number): Promise<void> {
  const lost = [];
  let count = 0;
  for (let index = 0; index + 2 < users; index += DRIFT) {
    clerk.deleteUser(index);
    clerk.updateUser(index + 1);
    lost.push(clerk.userId(index + 2));
    count++;
  }
  await sql`delete from public.profiles where id in ${sql(lost)}`;
  log(
    `${count} users were changed, as many deleted, and as many lost by the mirror, without a webhook`,
  );
}

/** @throws {Error} if the mirror has anything that Clerk doesn't, or lacks anything. */
async function assertExact({ clerk, sql, log }: Setup): Promise<void> {
  for (
    const [kind, table] of [
      ["users", "profiles"],
      ["organizations", "organizations"],
      ["memberships", "organization_memberships"],
    ] as const
  ) {
    const wanted = clerk.expected(kind)[Symbol.iterator]();
    let count = 0;
    const rows = sql<{ id: string; updated_at: Date | null }[]>`
      select id, updated_at from ${sql(table)} order by id collate "C"`;
    for await (const page of rows.cursor(10_000)) {
      for (const { id, updated_at } of page) {
        const { value } = wanted.next();
        if (value?.id !== id || value.updatedAt !== updated_at?.valueOf()) {
          const [here, there] = [`"${id}" of ${updated_at?.valueOf()}`, JSON.stringify(value)];
          throw new Error(`${table} has ${here} where Clerk has ${there}`);
        }
        count++;
      }
    }
    const { value: left } = wanted.next();
    if (left !== undefined) throw new Error(`${table} is missing ${JSON.stringify(left)}`);
    log(`${table}: ${count} rows, exactly as Clerk has them`);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
