/** The function joins webhooks that arrive together into few database calls, and each gets its own answer. */
import assert from "node:assert/strict";
import { applyEvent } from "../functions/clerk-webhook/apply_event.ts";
import { type CallDatabase, createDatabase } from "../functions/clerk-webhook/database.ts";
import { Inapplicable, Unavailable } from "../functions/clerk-webhook/errors.ts";
import { recognizeEvent, toCall } from "../functions/clerk-webhook/event.ts";
import { groupCalls } from "../functions/clerk-webhook/group_calls.ts";
import type { Call } from "../functions/clerk-webhook/mapping.ts";
import { type Answer, deliver } from "../tools/development/events/deliver.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { type SampleEvent, sampleEvent } from "../tools/development/events/sample_event.ts";
import { connectAsService } from "./helpers/history.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { signedRequest } from "../tools/development/events/signed_request.ts";

const now = Date.now();

/** What a function's calls of the database were. */
interface Watch {
  calls: Call[];
  /** Calls under way at once, at most. */
  peak: number;
}

/** Watches the calls that are made, each of them a request and a transaction. */
function watching(watch: Watch, call: CallDatabase): CallDatabase {
  let underWay = 0;
  return async (one, deadline) => {
    watch.calls.push(one);
    watch.peak = Math.max(watch.peak, ++underWay);
    try {
      return await call(one, deadline);
    } finally {
      underWay--;
    }
  };
}

/** A mirror whose function is watched, and what its calls go through. */
async function openWatched(
  through: (call: CallDatabase) => CallDatabase = (call) => call,
): Promise<OwnMirror & { watch: Watch }> {
  const watch: Watch = { calls: [], peak: 0 };
  const mirror = await openOwnMirror({}, {
    createDatabase: (options) => groupCalls(watching(watch, through(createDatabase(options)))),
  });
  return { ...mirror, watch };
}

function sendAll(mirror: OwnMirror, events: SampleEvent[], ids: string[] = []): Promise<Answer[]> {
  // Signed before the first is sent: what comes at once comes at once.
  const requests = events.map((event, index) => {
    const id = ids[index];
    return signedRequest(
      mirror.webhookUrl,
      mirror.signingSecret,
      JSON.stringify(event),
      id === undefined ? {} : { id },
    );
  });
  return Promise.all(requests.map(deliver));
}

function users(count: number, data: Record<string, unknown> = {}): SampleEvent[] {
  return Array.from({ length: count }, () => sampleEvent("user.created", { data }));
}

const outcomesOf = (answers: Answer[]) => answers.map(({ outcome }) => outcome);

const callOf = (event: SampleEvent): Call => {
  const recognized = recognizeEvent(event);
  if (recognized === undefined) throw new Error("Not an event that the mirror knows");
  return toCall(recognized, newId("msg"));
};

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("64 concurrent webhooks take 12 calls at most, few at a time, and each gets its own outcome", async () => {
  await using mirror = await openWatched();
  const [twice, deleted] = [newId("msg"), newId("user")];
  await mirror.send(sampleEvent("user.deleted", { data: { id: deleted } }));
  const id = newId("user");
  const redelivered = sampleEvent("user.created");
  await mirror.send(redelivered, { id: twice });
  const before = mirror.watch.calls.length;
  const told: [SampleEvent, string][] = [
    ...users(56).map((event): [SampleEvent, string] => [event, "applied"]),
    [redelivered, "duplicate"],
    [sampleEvent("user.updated", { at: now, data: { id } }), "applied"],
    [sampleEvent("user.updated", { data: { id: deleted } }), "stale"],
    [sampleEvent("organizationMembership.created"), "applied"],
    [sampleEvent("session.created"), "applied"],
    [sampleEvent("subscription.created"), "applied"],
    [sampleEvent("email.created"), "ignored"],
    [sampleEvent("user.created", { data: { created_at: "yesterday" } }), "dead_lettered"],
  ];
  assert.equal(told.length, 64);
  const ids = told.map(([event]) => event === redelivered ? twice : newId("msg"));
  const answers = await sendAll(mirror, told.map(([event]) => event), ids);
  assert.deepEqual(outcomesOf(answers), told.map(([, outcome]) => outcome));

  const calls = mirror.watch.calls.slice(before);
  const groups = calls.filter(({ rpc }) => rpc === "apply_group");
  assert.ok(groups.length > 0, "they were joined");
  assert.ok(calls.length <= 12, `${calls.length} calls`);
  // A group is under way at a time, or a few where the machine is slow; a dead letter is kept beside it.
  assert.ok(mirror.watch.peak <= 5, `${mirror.watch.peak} calls at once`);
  const again = await sendAll(mirror, users(64));
  assert.deepEqual(outcomesOf(again), Array(64).fill("applied"));
});

Deno.test("a webhook that arrives alone is called immediately, without grouping", async () => {
  const calls: string[] = [];
  const call = groupCalls(({ rpc }) => {
    calls.push(rpc);
    return pause(50).then(() => "applied");
  });
  for (let index = 1; index <= 5; index++) {
    const outcome = call(callOf(sampleEvent("user.updated")));
    await pause(0);
    assert.deepEqual(calls, Array(index).fill("upsert_profiles"));
    assert.equal(await outcome, "applied");
  }
});

Deno.test("a deletion is called immediately and alone, beside the calls in progress", async () => {
  const calls: string[] = [];
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const call = groupCalls(async ({ rpc }) => {
    calls.push(rpc);
    await answered;
    return rpc === "apply_group" ? ["applied", "stale"] : "applied";
  });
  const created = users(3).map(callOf).map((one) => call(one));
  const deleted = call(callOf(sampleEvent("user.deleted")));
  assert.deepEqual(calls, ["upsert_profiles", "delete_profile"]);
  answer();
  assert.equal(await deleted, "applied");
  assert.deepEqual(await Promise.all(created), ["applied", "applied", "stale"]);
  assert.deepEqual(calls, ["upsert_profiles", "delete_profile", "apply_group"]);
});

Deno.test("a group holds at most 64 webhooks and half a megabyte", async () => {
  const groups: { count: number; length: number }[] = [];
  const call = groupCalls(({ args }) => {
    if (!("calls" in args) || !Array.isArray(args.calls)) {
      groups.push({ count: 1, length: JSON.stringify(args).length });
      return pause(1).then(() => "applied");
    }
    groups.push({ count: args.calls.length, length: JSON.stringify(args).length });
    return pause(1).then(() => Array(groups.at(-1)?.count).fill("applied"));
  });
  const answers = await Promise.all(users(200).map(callOf).map((one) => call(one)));
  assert.deepEqual(answers, Array(200).fill("applied"));
  assert.deepEqual(groups.map(({ count }) => count), [1, 64, 64, 64, 7]);

  await pause(0);
  groups.length = 0;
  const unsafe_metadata = { text: "x".repeat(200 * 1024) };
  const large = users(7, { unsafe_metadata });
  const huge = users(1, { unsafe_metadata: { text: "x".repeat(900 * 1024) } });
  await Promise.all([...large, ...huge].map(callOf).map((one) => call(one)));
  assert.deepEqual(groups.map(({ count }) => count), [1, 2, 2, 2, 1]);
  assert.ok(groups.slice(0, -1).every(({ length }) => length < 513 * 1024));
});

/** A trigger that refuses who is called so, in the transaction of the webhook. */
async function refuse(mirror: OwnMirror, firstName: string): Promise<void> {
  await mirror.sql.unsafe(`
    create function public.refuse_poison() returns trigger language plpgsql as
    $$ begin raise exception 'poison'; end $$`);
  await mirror.sql.unsafe(`
    create trigger refuse_poison before insert on public.profiles
    for each row when (new.first_name = '${firstName}') execute function public.refuse_poison()`);
}

Deno.test("an event that can't be applied becomes a dead letter, and the others of its group are applied", async () => {
  await using mirror = await openWatched();
  await refuse(mirror, "Poison");
  const events = users(64);
  for (const index of [20, 40]) {
    events[index] = sampleEvent("user.created", {
      data: { first_name: "Poison" },
    });
  }
  const ids = events.map(() => newId("msg"));
  const answers = await sendAll(mirror, events, ids);
  for (const [index, { outcome, status }] of answers.entries()) {
    const isPoison = [20, 40].includes(index);
    assert.deepEqual([outcome, status], isPoison ? ["dead_lettered", 202] : ["applied", 200]);
  }
  const letters = await mirror.sql`
    select webhook_id, reason from clerk_sync.dead_letters order by webhook_id`;
  assert.deepEqual(
    letters.map((row) => ({ ...row })),
    [ids[20], ids[40]].sort().map((webhook_id) => ({ webhook_id, reason: "P0001: poison" })),
  );
  const [row] = await mirror.sql`
    select count(*)::integer as claims from clerk_sync.webhook_events`;
  assert.equal(row?.claims, 62);
  assert.ok(mirror.watch.calls.some(({ rpc }) => rpc === "apply_group"), "there was a group");
});

/** Holds an object as whoever deletes it does, until it is disposed of. */
async function hold({ databaseUrl, naming }: OwnMirror, id: string): Promise<AsyncDisposable> {
  const sql = connectAsService(databaseUrl, 1, naming);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const holding = sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(hashtextextended(${id}, 0))`;
    take();
    await released;
  });
  await taken;
  return {
    async [Symbol.asyncDispose]() {
      release();
      await holding;
      await sql.end();
    },
  };
}

Deno.test("a webhook that waits for a lock delays no other webhook", async () => {
  await using mirror = await openWatched();
  await sendAll(mirror, users(30));
  const before = mirror.watch.calls.length;
  const id = newId("user");
  let waiting: Promise<Answer>;
  {
    await using _lock = await hold(mirror, id);
    const startedAt = performance.now();
    waiting = mirror.send(sampleEvent("user.updated", { data: { id } }));
    while (mirror.watch.calls.length === before) await pause(1);
    assert.deepEqual(outcomesOf(await sendAll(mirror, users(30))), Array(30).fill("applied"));
    const took = performance.now() - startedAt;
    assert.ok(took < 1900, `the others took ${took} ms, as long as the lock's time limit`);
  }
  assert.equal((await waiting).outcome, "applied", "it goes on where the lock is released in time");
});

Deno.test("a webhook whose wait for a lock times out gets 503, and the others of its group are applied", async () => {
  await using mirror = await openWatched();
  const id = newId("user");
  const event = sampleEvent("user.updated", { data: { id } });
  const webhook = newId("msg");
  {
    await using _lock = await hold(mirror, id);
    const events = [...users(10), event, ...users(10)];
    const ids = events.map((one) => one === event ? webhook : newId("msg"));
    const answers = await sendAll(mirror, events, ids);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...Array(10).fill(200), 503, ...Array(10).fill(200)],
    );
  }
  assert.equal((await mirror.send(event, { id: webhook })).outcome, "applied");
});

Deno.test("a group whose answer is lost gives each webhook 503, and the redelivery is a duplicate", async () => {
  let isLosing = true;
  await using mirror = await openWatched((call) => async (one, deadline) => {
    const outcome = await call(one, deadline);
    if (one.rpc === "apply_group" && isLosing) throw new Unavailable("");
    return outcome;
  });
  const events = users(20);
  const ids = events.map(() => newId("msg"));
  const answers = await sendAll(mirror, events, ids);
  const lost = answers.filter(({ status }) => status === 503).length;
  assert.ok(lost >= 10, `${lost} answers were lost`);
  assert.equal(lost + answers.filter(({ outcome }) => outcome === "applied").length, 20);
  isLosing = false;
  for (const [index, event] of events.slice(0, 10).entries()) {
    assert.equal((await mirror.send(event, { id: ids[index] ?? "" })).outcome, "duplicate");
  }
  const again = await sendAll(mirror, events.slice(10), ids.slice(10));
  assert.deepEqual(outcomesOf(again), Array(10).fill("duplicate"));
});

Deno.test("a database without apply_group() is asked for it once, then called event by event", async () => {
  await using mirror = await openWatched();
  await mirror.sql`drop function public.apply_group`;
  for (let burst = 0; burst < 2; burst++) {
    assert.deepEqual(outcomesOf(await sendAll(mirror, users(20))), Array(20).fill("applied"));
  }
  const asked = mirror.watch.calls.filter(({ rpc }) => rpc === "apply_group");
  assert.equal(asked.length, 1);
  assert.equal(mirror.watch.calls.length, 41);
});

Deno.test("PostgREST's PGRST202 counts as a database without apply_group()", async () => {
  const calls: string[] = [];
  const call = groupCalls(({ rpc }) => {
    calls.push(rpc);
    return rpc === "apply_group"
      ? Promise.reject(new Unavailable("PGRST202"))
      : pause(1).then(() => "applied");
  });
  for (let burst = 0; burst < 2; burst++) {
    const answers = await Promise.all(users(5).map(callOf).map((one) => call(one)));
    assert.deepEqual(answers, Array(5).fill("applied"));
  }
  assert.equal(calls.filter((rpc) => rpc === "apply_group").length, 1);
});

Deno.test("groups that keep being refused make most calls go alone, until one succeeds again", async () => {
  const calls: string[] = [];
  let isRefused = true;
  const call = groupCalls(async ({ rpc, args }) => {
    calls.push(rpc);
    await pause(1);
    if (!("calls" in args) || !Array.isArray(args.calls)) return "applied";
    if (isRefused) throw new Inapplicable("23514: of a test");
    return args.calls.map(() => "applied");
  });
  const burst = async () => {
    const answers = await Promise.all(users(20).map(callOf).map((one) => call(one)));
    assert.deepEqual(answers, Array(20).fill("applied"));
    await pause(0);
  };
  const groups = () => calls.filter((rpc) => rpc === "apply_group").length;
  for (let bursts = 0; bursts < 50; bursts++) await burst();
  assert.ok(groups() <= 5, `${groups()} groups for 1000 events`);
  isRefused = false;
  const before = groups();
  for (let bursts = 0; bursts < 100 && groups() === before; bursts++) await burst();
  assert.ok(groups() > before, "it is tried again");
  calls.length = 0;
  await burst();
  assert.deepEqual(calls, ["upsert_profiles", "apply_group"], "and is as before");
});

Deno.test("a connection or capacity error of a group is not retried event by event", async () => {
  for (const code of ["", "08006", "53300", "57P01", "PGRST003"]) {
    const calls: string[] = [];
    const call = groupCalls(({ rpc }) => {
      calls.push(rpc);
      return rpc === "apply_group"
        ? Promise.reject(new Unavailable(code))
        : pause(1).then(() => "applied");
    });
    const answers = await Promise.allSettled(users(5).map(callOf).map((one) => call(one)));
    assert.deepEqual(
      answers.map((answer) => answer.status === "fulfilled" ? answer.value : answer.reason.code),
      ["applied", ...Array(4).fill(code)],
    );
    assert.deepEqual(calls, ["upsert_profiles", "apply_group"], code);
  }
});

Deno.test("an answer that is not a list of outcomes is passed on whole, never read as an outcome", async () => {
  const call = groupCalls(({ rpc }) =>
    pause(1).then(() => rpc === "apply_group" ? { applied: 2 } : "applied")
  );
  const [, second] = await Promise.all(users(3).map(callOf).map((one) => call(one)));
  assert.deepEqual(second, { applied: 2 });
});

Deno.test("slow calls delay nobody: up to four run side by side, then further webhooks go ungrouped", async () => {
  let underWay = 0;
  const groups: number[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const call = groupCalls(async ({ args }) => {
    const count = "calls" in args && Array.isArray(args.calls) ? args.calls.length : 1;
    groups.push(count);
    underWay++;
    await released;
    underWay--;
    return count > 1 ? Array(count).fill("applied") : "applied";
  });
  const answers: Promise<unknown>[] = [];
  const come = (count: number) => answers.push(...users(count).map(callOf).map((one) => call(one)));
  come(1);
  for (const lanes of [1, 2, 3]) {
    come(8);
    assert.equal(underWay, lanes, "they wait for what is under way");
    while (underWay === lanes) await pause(5);
    assert.equal(underWay, lanes + 1, "but not for long");
  }
  assert.deepEqual(groups.slice(0, 2), [1, 1], "after a slow call, groups are smaller");
  come(3);
  const before = groups.length;
  while (groups.length === before) await pause(5);
  come(3);
  assert.ok(groups.slice(before).every((count) => count === 1), "and then nobody is joined");
  release();
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["applied"]));
});

Deno.test("all attempts to apply one event share one deadline, before Svix gives up", async () => {
  const deadlines: (number | undefined)[] = [];
  const database = groupCalls((_call, deadline) => {
    deadlines.push(deadline);
    return pause(1).then(() => Promise.reject(new Inapplicable("23514: of a test")));
  });
  const event = recognizeEvent(sampleEvent("user.created"));
  assert.ok(event);
  const startedAt = performance.now();
  const apply = () => applyEvent(event, newId("msg"), database).catch((error) => error);
  for (const failed of await Promise.all([apply(), apply(), apply()])) {
    assert.ok(failed instanceof Unavailable, "not even the dead letter can be kept");
  }
  // One alone and its letter; two in a group, then each alone, and their letters.
  assert.equal(deadlines.length, 7);
  for (const deadline of deadlines.map((one = Infinity) => one)) {
    assert.ok(deadline - startedAt > 5_000 && deadline - startedAt < 14_000, `${deadline}`);
  }
});

Deno.test("a database call is abandoned at its deadline", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const call = createDatabase({
    supabaseUrl: `http://127.0.0.1:${listener.addr.port}`,
    supabaseKey: "sb_secret_test",
  });
  for (const wait of [100, 0, -100]) {
    const startedAt = performance.now();
    const failed = await call(callOf(sampleEvent("user.created")), startedAt + wait)
      .catch((error) => error);
    assert.ok(failed instanceof Unavailable);
    assert.equal(failed.code, "", "there was no answer");
    assert.ok(performance.now() - startedAt < 1000);
  }
});
