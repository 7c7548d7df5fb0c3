/**
 * Faults while webhooks are delivered by Svix's rules. Across each of them, every event is applied
 * exactly once, the ledger is complete, and the final state is that of in-order delivery.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { type CallDatabase, createDatabase } from "../functions/clerk-webhook/database.ts";
import { groupCalls } from "../functions/clerk-webhook/group_calls.ts";
import { startFunctionProcess } from "../tools/development/stack/function_process.ts";
import {
  callDirectly,
  connectAsService,
  type Fact,
  readState,
  toEvent,
} from "./helpers/history.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { deliverAll, type DeliveryReport, type Message } from "./helpers/svix_deliverer.ts";

/** How many events there are: few where each of them takes long. */
const EVENTS = { many: 5000, few: 2000 };

const CONCURRENCY = 16;
const OBJECTS = 400;

/** Share of each type in a history, out of 100. */
const TYPES: [string, number][] = [
  ["user.created", 10],
  ["user.updated", 35],
  ["user.deleted", 1],
  ["session.created", 8],
  ["session.ended", 8],
  ["organization.updated", 10],
  ["organizationMembership.created", 14],
  ["organizationMembership.updated", 8],
  ["organizationMembership.deleted", 3],
  ["organizationInvitation.created", 3],
];

/** Numbers from 0 up to 1, the same on every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

function makeHistory(): Fact[] {
  const next = random(20260101);
  const opened = new Set<number>();
  return Array.from({ length: EVENTS.many }, (_, index): Fact => {
    let share = next() * 100;
    let type = TYPES.find(([, part]) => (share -= part) < 0)?.[0] ?? "user.updated";
    const kinds = type.startsWith("organization.") || type.startsWith("organizationInvitation.");
    const object = Math.floor(next() * (kinds ? 7 : type.startsWith("session.") ? OBJECTS : 61));
    if (type === "session.created" && opened.has(object)) type = "session.pending";
    if (type === "session.created") opened.add(object);
    return {
      type,
      isRead: false,
      object,
      updated: index,
      occurred: index,
      value: Math.floor(next() * 3),
      isNested: next() < 0.7,
      isInSeconds: false,
      tag: 0,
    };
  });
}

const history = makeHistory();

function messagesOf(run: string, events: number): Message[] {
  return history.slice(0, events).map((fact, index) => ({
    id: `msg_${run}_${String(index).padStart(5, "0")}`,
    body: JSON.stringify(toEvent(fact, run)),
  }));
}

/** Uses a connection of its own, since others may not have survived. */
async function withConnection<Result>(
  mirror: OwnMirror,
  use: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  const sql = connectAsService(mirror.databaseUrl, 1);
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** So many events, and the state of their in-order delivery. */
interface Expected {
  events: number;
  state: string;
}

/** States of in-order delivery: computed once, since they are the same for each test. */
let states: Promise<Map<number, string>> | undefined;

/** What is expected on a mirror, asked for before anything breaks there. */
async function expect(mirror: OwnMirror, events: number): Promise<Expected> {
  states ??= deliverInOrder(mirror);
  const state = (await states).get(events);
  assert.ok(state !== undefined);
  return { events, state };
}

/** Past the function. */
function deliverInOrder(mirror: OwnMirror): Promise<Map<number, string>> {
  const messages = messagesOf("inorder", EVENTS.many);
  return withConnection(mirror, async (sql) => {
    const states = new Map<number, string>();
    let delivered = 0;
    for (const events of [EVENTS.few, EVENTS.many]) {
      // A connection makes its calls in the order in which it is given them.
      await Promise.all(
        messages.slice(delivered, events)
          .map(({ id, body }) => callDirectly(sql, JSON.parse(body), id)),
      );
      states.set(events, await readState(sql, "inorder", OBJECTS));
      delivered = events;
    }
    return states;
  });
}

async function assertExactlyOnce(
  mirror: OwnMirror,
  expected: Expected,
  report: DeliveryReport,
): Promise<void> {
  const { state, ledger } = await withConnection(mirror, async (sql) => ({
    state: await readState(sql, "broken", OBJECTS),
    ledger: (await sql`
      select
        (
          select count(*)::integer from clerk_sync.webhook_events where id ^@ 'msg_broken_'
        ) as claims,
        (select count(*)::integer from clerk_sync.dead_letters) as dead_letters`)[0],
  }));
  assert.ok(state === expected.state, "the final state is that of in-order delivery");
  assert.deepEqual(
    { ...ledger },
    { claims: expected.events, dead_letters: 0 },
    "the ledger is complete",
  );
  const { applied = 0, stale = 0, duplicate = 0, ...others } = report.outcomes;
  assert.deepEqual(others, {}, "nothing else was answered");
  assert.equal(applied + stale + duplicate, expected.events, "every event was acknowledged");
  // The answers to what was committed may be lost: those come again, and are duplicates.
  const lost = Object.values(report.failures).reduce((sum, count) => sum + count, 0);
  assert.ok(lost > 0, "something did break");
  assert.ok(duplicate <= lost, `${duplicate} duplicates of ${lost} attempts that failed`);
}

/** Breaks something again and again until the deliveries are done. */
async function whileDelivering(
  mirror: OwnMirror,
  target: { url: string; secret: string },
  events: number,
  interfere: (progress: () => Promise<number>) => Promise<void>,
): Promise<DeliveryReport> {
  let isDone = false;
  const progress = async () => {
    if (isDone) return events;
    const [row] = await withConnection(mirror, (sql) =>
      sql`
        select count(*)::integer as claims
        from clerk_sync.webhook_events where id ^@ 'msg_broken_'`);
    return row?.claims;
  };
  const deliveries = deliverAll(messagesOf("broken", events), {
    ...target,
    concurrency: CONCURRENCY,
  }).finally(() => isDone = true);
  const [report] = await Promise.all([deliveries, interfere(progress)]);
  return report;
}

async function untilProgress(progress: () => Promise<number>, claims: number): Promise<void> {
  const pause = (milliseconds: number) =>
    new Promise<number>((resolve) => setTimeout(() => resolve(0), milliseconds));
  // A query whose server is killed may never end.
  while (await Promise.race([progress().catch(() => 0), pause(1000)]) < claims) await pause(20);
}

/** How the function calls the database: what comes at once in groups, or each event by itself. */
const WAYS: {
  inGroupsOrOneByOne: string;
  wrap: (call: CallDatabase) => CallDatabase;
  events: number;
}[] = [
  { inGroupsOrOneByOne: "in groups", wrap: groupCalls, events: EVENTS.many },
  { inGroupsOrOneByOne: "one by one", wrap: (call) => call, events: EVENTS.few },
];

/**
 * A stack whose function waits for the database less long than Svix's rules would let it. Processes are
 * killed there, not machines: what was written need not get as far as the disk.
 */
function openFailingMirror(wrap: (call: CallDatabase) => CallDatabase): Promise<OwnMirror> {
  return openOwnMirror({ settings: { fsync: "off" } }, {
    createDatabase: (options) => wrap(createDatabase({ ...options, timeout: 2000 })),
  });
}

function targetOf(mirror: OwnMirror): { url: string; secret: string } {
  return { url: mirror.webhookUrl, secret: mirror.signingSecret };
}

/** Cuts the connections that are at work on the function's calls. Returns how many there were. */
async function cutCalls(superuser: postgres.Sql): Promise<number> {
  const [row] = await superuser`
    select count(pg_terminate_backend(pid))::integer as cut
    from pg_stat_activity
    where usename = 'postgres' and state = 'active'
      and (query ilike '%webhook%' or query ilike '%apply_group%')
      and query not ilike '%msg_broken_%'`;
  return row?.cut;
}

for (const { inGroupsOrOneByOne, wrap, events } of WAYS) {
  Deno.test(`events ${inGroupsOrOneByOne} are applied exactly once even if Postgres is killed under load`, async () => {
    await using mirror = await openFailingMirror(wrap);
    const expected = await expect(mirror, events);
    const report = await whileDelivering(mirror, targetOf(mirror), events, async (progress) => {
      for (const share of [0.1, 0.4, 0.7]) {
        await untilProgress(progress, share * events);
        await mirror.stack.postgres.kill();
        await mirror.stack.restartPostgres();
      }
    });
    await assertExactlyOnce(mirror, expected, report);
  });

  Deno.test(`events ${inGroupsOrOneByOne} are applied exactly once even if connections are cut in mid-call`, async () => {
    await using mirror = await openFailingMirror(wrap);
    const expected = await expect(mirror, events);
    const superuser = postgres(mirror.stack.postgres.superuserUrl, { max: 1, onnotice: () => {} });
    let cut = 0;
    const report = await whileDelivering(mirror, targetOf(mirror), events, async (progress) => {
      for (let claims = 400; claims < events; claims += 500) {
        await untilProgress(progress, claims);
        // Between two calls there is nothing to cut.
        for (let looks = 0, found = 0; found === 0 && looks < 1000; looks++) {
          found = await cutCalls(superuser);
          cut += found;
        }
        await mirror.stack.reconnect();
      }
    });
    await superuser.end();
    assert.ok(cut > 0, "connections were cut while they were at work");
    await assertExactlyOnce(mirror, expected, report);
  });

  Deno.test(`events ${inGroupsOrOneByOne} are applied exactly once even if statements time out`, async () => {
    await using mirror = await openFailingMirror(wrap);
    const expected = await expect(mirror, EVENTS.few);
    const superuser = postgres(mirror.stack.postgres.superuserUrl, { max: 1, onnotice: () => {} });
    await mirror.sql`
    create function public.dawdle() returns trigger language plpgsql as
    $$ begin perform pg_sleep(random() * 0.16); return new; end $$`;
    // What the driver asks for itself on a new connection may time out as well, where nobody can catch it.
    const ignoreTimeouts = (event: PromiseRejectionEvent) => {
      if (event.reason?.code === "57014") event.preventDefault();
    };
    globalThis.addEventListener("unhandledrejection", ignoreTimeouts);
    const report = await whileDelivering(mirror, targetOf(mirror), EVENTS.few, async (progress) => {
      await untilProgress(progress, 200);
      await mirror.sql`
      create trigger dawdle before insert on clerk_sync.webhook_events
      for each row execute function public.dawdle()`;
      await superuser`alter system set statement_timeout = '100ms'`;
      await superuser`select pg_reload_conf()`;
      await untilProgress(progress, 500);
      await superuser`alter system reset statement_timeout`;
      await superuser`select pg_reload_conf()`;
      await mirror.sql`drop trigger dawdle on clerk_sync.webhook_events`;
    });
    await superuser.end();
    globalThis.removeEventListener("unhandledrejection", ignoreTimeouts);
    const timeouts = report.failures["503"] ?? 0;
    assert.ok(timeouts > 100, `${timeouts} statements timed out`);
    await assertExactlyOnce(mirror, expected, report);
  });
}

Deno.test("events are applied exactly once even if the function is killed between commit and answer", async () => {
  await using mirror = await openFailingMirror(groupCalls);
  const expected = await expect(mirror, EVENTS.many);

  // Between the function and the REST API: it lets a call commit, and then kills who made it.
  let calls = 0;
  let restarting: Promise<void> | undefined;
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const response = await fetch(`${mirror.apiUrl}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        body: request.body,
      });
      if (++calls % 100 === 0 && response.ok && restarting === undefined) {
        restarting = process.killAndRestart().finally(() => restarting = undefined);
      }
      return response;
    },
  );
  await using process = await startFunctionProcess("functions/clerk-webhook/index.ts", {
    CLERK_WEBHOOK_SIGNING_SECRET: mirror.signingSecret,
    SUPABASE_URL: `http://127.0.0.1:${proxy.addr.port}`,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
  });
  mirror.stack.serveFunction("clerk-webhook", (request) => process.serve(request));
  const report = await whileDelivering(mirror, targetOf(mirror), EVENTS.many, async () => {});
  await restarting;
  assert.ok(process.kills >= 5, `${process.kills} kills`);
  assert.ok((report.outcomes.duplicate ?? 0) > 0, "commits whose answer was lost came again");
  await assertExactlyOnce(mirror, expected, report);
});
