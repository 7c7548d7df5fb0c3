/** Side effects are enqueued in the transaction of their event, and run once, whatever breaks in between. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { backoff, MAX_ATTEMPTS } from "../functions/clerk-effects/backoff.ts";
import { drain } from "../functions/clerk-effects/drain.ts";
import type { EffectHandler } from "../functions/clerk-effects/effect.ts";
import { configuredHandlers } from "../functions/clerk-effects/effects.ts";
import { readEffectsConfig } from "../functions/clerk-effects/env.ts";
import { createEffectsHandler } from "../functions/clerk-effects/handler.ts";
import { createOutbox, type Outbox } from "../functions/clerk-effects/outbox.ts";
import { createNudge } from "../functions/clerk-webhook/nudge.ts";
import { createJournal } from "../functions/_shared/journal.ts";
import { createSupabase } from "../functions/_shared/supabase.ts";
import { deliver } from "../tools/development/events/deliver.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";
import { functionEnv } from "../tools/development/stack/function_env.ts";
import { serveWebhook } from "../tools/development/stack/serve_webhook.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";
import { openOwnMirror, type OwnMirror, untilSomebodyWaits } from "./helpers/mirror.ts";
import { namingEnv, test } from "./helpers/naming.ts";
import { type Mood, type ResendStandIn, startResend, startStorage } from "./helpers/providers.ts";

const URL_ = "http://localhost/functions/v1/clerk-effects";

function emailEnv(resend: ResendStandIn): Record<string, string> {
  return {
    RESEND_API_KEY: "re_test",
    RESEND_BASE_URL: resend.url,
    WELCOME_EMAIL_FROM: "Engines <hello@example.com>",
    WELCOME_EMAIL_SUBJECT: "Welcome, {{first_name}}",
    WELCOME_EMAIL_TEXT: "Hello {{first_name}}",
    WELCOME_EMAIL_HTML: "<p>Hello {{first_name}}</p>",
  };
}

/** The function as deployed, in this process. */
function worker(
  mirror: OwnMirror,
  env: Record<string, string>,
  options: { handlers?: EffectHandler[]; handlerTimeout?: number; lines?: string[] } = {},
) {
  const handler = createEffectsHandler({
    config: readEffectsConfig(functionEnv(mirror.stack, env)),
    configuredHandlers: (config) => options.handlers ?? configuredHandlers(config),
    log: (line) => options.lines?.push(line),
    handlerTimeout: options.handlerTimeout ?? 2000,
  });
  const headers = { apikey: mirror.keys.secretKey };
  return {
    handler,
    async run(): Promise<{ completed: number; retried: number; parked: number }> {
      const response = await handler(new Request(URL_, { method: "POST", headers }));
      assert.equal(response.status, 200);
      return await response.json();
    },
  };
}

async function outboxRows(mirror: OwnMirror) {
  const rows = await mirror.sql`
    select event_type, handler, object_id, attempts, parked_at is not null as is_parked, last_error,
      extract(epoch from due_at - now())::double precision as delay
    from clerk_sync.outbox order by id`;
  return rows.map((row) => ({ ...row }));
}

type Sql = postgres.Sql | postgres.TransactionSql;

/** Lets time pass: delays and leases are over. */
async function passTime(mirror: OwnMirror): Promise<void> {
  await mirror.sql`update clerk_sync.outbox set due_at = now() where parked_at is null`;
}

test.underOwnNames("a new user gets one welcome email, even if user.created is stale and redelivered", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "accept");
  const { run } = worker(mirror, emailEnv(resend));
  await run();

  const id = newId("msg");
  const created = sampleEvent("user.created", {
    at: Date.now() - 60_000,
    data: { first_name: "<Ada>" },
  });
  // It comes after its user.updated: stale, and still a new user.
  await mirror.send(sampleEvent("user.updated", {
    data: { id: created.data.id, first_name: "<Ada>" },
  }));
  assert.equal((await mirror.send(created, { id })).outcome, "stale");
  assert.equal((await mirror.send(created, { id })).outcome, "duplicate");
  const [row] = await outboxRows(mirror);
  assert.deepEqual([row?.event_type, row?.handler, row?.object_id], [
    "user.created",
    "welcome_email",
    created.data.id,
  ]);

  assert.deepEqual(await run(), { completed: 1, retried: 0, parked: 0 });
  assert.deepEqual([...resend.sent], [[`welcome-email/${id}`, {
    from: "Engines <hello@example.com>",
    to: "ada@example.com",
    subject: "Welcome, <Ada>",
    text: "Hello <Ada>",
    html: "<p>Hello &#60;Ada&#62;</p>",
  }]]);
  assert.deepEqual(await outboxRows(mirror), []);
  assert.deepEqual(await run(), { completed: 0, retried: 0, parked: 0 });
});

test.underOwnNames("a deleted user gets no welcome email, whether deleted before or while it is queued", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "accept");
  const { run } = worker(mirror, emailEnv(resend));
  await run();
  const early = sampleEvent("user.created");
  await mirror.send(sampleEvent("user.deleted", { data: { id: early.data.id } }));
  await mirror.send(early);
  const waiting = sampleEvent("user.created");
  await mirror.send(waiting);
  await mirror.send(sampleEvent("user.deleted", { data: { id: waiting.data.id } }));
  assert.deepEqual(await outboxRows(mirror), []);
  await run();
  assert.equal(resend.requests, 0);
});

test.underOwnNames("a user without a primary email address gets no welcome email, and the log says why", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "accept");
  const lines: string[] = [];
  const { run } = worker(mirror, emailEnv(resend), { lines });
  await run();
  await mirror.send(sampleEvent("user.created", { data: { email_addresses: [] } }));
  assert.deepEqual(await run(), { completed: 1, retried: 0, parked: 0 });
  assert.match(
    lines.join("\n"),
    /"outcome":"skipped","reason":"the user has no primary email address"/,
  );
  assert.equal(resend.requests, 0);
});

test.underOwnNames("a deleted user's files are removed from the configured buckets, page by page", async () => {
  await using mirror = await openOwnMirror();
  let failures = 1;
  await using storage = startStorage(mirror.apiUrl, () => failures-- === 1);
  const { run } = worker(mirror, {
    SUPABASE_URL: storage.url,
    CLEAN_UP_BUCKETS: "avatars, uploads",
  });
  await run();
  const event = sampleEvent("user.deleted");
  const { id } = event.data;
  const other = newId("user");
  storage.buckets.set("avatars", new Set([`${id}/a.png`, `${other}/a.png`]));
  storage.buckets.set(
    "uploads",
    new Set(
      Array.from(
        { length: 250 },
        (_, index) => `${id}/2026/${index % 2 ? "one/" : ""}${index}.pdf`,
      ),
    ),
  );
  storage.buckets.set("private", new Set([`${id}/kept.txt`]));

  await mirror.send(event);
  assert.deepEqual(await run(), { completed: 0, retried: 1, parked: 0 }, "Storage fails once");
  await passTime(mirror);
  assert.deepEqual(await run(), { completed: 1, retried: 0, parked: 0 });
  const left = Object.fromEntries([...storage.buckets].map(([name, paths]) => [name, [...paths]]));
  assert.deepEqual(left, {
    avatars: [`${other}/a.png`],
    uploads: [],
    private: [`${id}/kept.txt`],
  });
  assert.ok(storage.largestPage <= 100);
});

test.underOwnNames("nothing is enqueued for an effect that no worker is configured for", async () => {
  await using mirror = await openOwnMirror();
  await mirror.send(sampleEvent("user.created"));
  assert.deepEqual(await worker(mirror, {}).run(), { completed: 0, retried: 0, parked: 0 });
  await mirror.send(sampleEvent("user.created"));
  assert.deepEqual(await outboxRows(mirror), []);
});

test.underOwnNames("a worker that isn't configured for an effect leaves it to others, and logs that it waits", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "accept");
  const service = mirror.asService();
  await worker(mirror, emailEnv(resend)).run();

  // Somebody runs a worker from a machine without the provider's key.
  const lines: string[] = [];
  const unconfigured = worker(mirror, {}, { lines });
  await unconfigured.run();
  await mirror.send(sampleEvent("user.created"));
  await unconfigured.run();
  const waiting = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    waiting.map(({ handler, outcome, due_count, reason }) => [handler, outcome, due_count, reason]),
    [["welcome_email", "waiting", 1, "not configured here"]],
  );
  const { data: effects } = await service.rpc("read_effects");
  const email = effects?.find(({ handler }) => handler === "welcome_email");
  assert.deepEqual([email?.is_enabled, email?.due_count, email?.parked_count], [true, 1, 0]);
  assert.ok(email?.due_since);
  assert.equal((await worker(mirror, emailEnv(resend)).run()).completed, 1);
});

Deno.test("switch_effects() switches an effect off for every worker, and what is queued waits", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "accept");
  const service = mirror.asService();
  await worker(mirror, emailEnv(resend)).run();
  await mirror.send(sampleEvent("user.created"));
  const handlers = ["welcome_email", "no_such_handler"];
  const switchTo = async (is_on: boolean) =>
    (await service.rpc("switch_effects", { handlers, is_on })).data;
  assert.deepEqual(await switchTo(false), ["welcome_email"]);

  const lines: string[] = [];
  await mirror.send(sampleEvent("user.created"));
  const { completed } = await worker(mirror, emailEnv(resend), { lines }).run();
  assert.equal(completed, 0);
  assert.equal(JSON.parse(lines[0] ?? "{}").reason, "switched off");
  assert.equal((await outboxRows(mirror)).length, 1, "what came meanwhile asks for nothing");
  await switchTo(true);
  assert.equal((await worker(mirror, emailEnv(resend)).run()).completed, 1);
  assert.equal(resend.sent.size, 1);
});

test.underOwnNames("events know which effects are on, whichever came first: switching one, or the Clerk instance", async () => {
  const steps = [
    (sql: Sql) => sql`select public.claim_instance(${sampleEvent("user.created").instance_id})`,
    (sql: Sql) => sql`select public.switch_effects('{welcome_email}', true)`,
  ] as const;
  for (const [first, second] of [steps, steps.toReversed()]) {
    await using mirror = await openOwnMirror();
    const { sql } = mirror;
    let later: Promise<unknown> = Promise.resolve();
    await sql.begin(async (transaction) => {
      await first?.(transaction);
      later = second?.(sql).execute() ?? later;
      await untilSomebodyWaits(sql);
    });
    await later;

    await mirror.send(sampleEvent("user.created"));
    assert.equal((await outboxRows(mirror)).length, 1);
    await sql`update clerk_sync.effects set is_enabled = null`;
    await mirror.send(sampleEvent("user.created"));
    assert.equal((await outboxRows(mirror)).length, 1, "it is off again");
  }
});

test.underOwnNames("a failing effect is retried with growing delays, and parked after the last attempt", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "fail");
  const { run } = worker(mirror, emailEnv(resend));
  await run();
  await mirror.send(sampleEvent("user.created"));
  for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
    assert.deepEqual(await run(), { completed: 0, retried: 1, parked: 0 });
    const [row] = await outboxRows(mirror);
    const [least, most] = [backoff(attempt, 0), backoff(attempt, 1)];
    assert.equal(row?.attempts, attempt);
    assert.ok(
      row.delay > least - 5 && row.delay <= most,
      `${row.delay} s after attempt ${attempt}`,
    );
    assert.deepEqual(await run(), { completed: 0, retried: 0, parked: 0 }, "not before its time");
    await passTime(mirror);
  }
  assert.deepEqual(await run(), { completed: 0, retried: 0, parked: 1 });
  const [row] = await outboxRows(mirror);
  assert.deepEqual([row?.is_parked, row?.attempts], [true, MAX_ATTEMPTS]);
  assert.match(row?.last_error, /internal_server_error/);
  await passTime(mirror);
  assert.deepEqual(await run(), { completed: 0, retried: 0, parked: 0 }, "it stays parked");
});

Deno.test("backoff() grows from ten seconds to two hours, with up to half of it as jitter", () => {
  const delays = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => backoff(index + 1, 1));
  assert.deepEqual(delays, [10, 40, 160, 640, 2560, 7200, 7200]);
  assert.equal(backoff(1, 0), 5);
});

test.underOwnNames("an effect waits as long as the provider asks, and is parked at once if refused for good", async () => {
  await using mirror = await openOwnMirror();
  const moods: Mood[] = ["pause", "refuse"];
  await using resend = startResend(() => moods.shift() ?? "accept");
  const { run } = worker(mirror, emailEnv(resend));
  await run();
  await mirror.send(sampleEvent("user.created"));
  assert.deepEqual(await run(), { completed: 0, retried: 1, parked: 0 });
  const [paused] = await outboxRows(mirror);
  assert.ok(paused);
  assert.ok(paused.delay > 110 && paused.delay <= 120, `${paused.delay} s`);
  await passTime(mirror);
  assert.deepEqual(await run(), { completed: 0, retried: 0, parked: 1 });
});

test.underOwnNames("an email that was sent before its answer was lost is not sent again to a changed address", async () => {
  await using mirror = await openOwnMirror();
  const moods: Mood[] = ["die"];
  await using resend = startResend(() => moods.shift() ?? "accept");
  const lines: string[] = [];
  const { run } = worker(mirror, emailEnv(resend), { lines });
  await run();
  const created = sampleEvent("user.created", { at: Date.now() - 60_000 });
  await mirror.send(created);
  assert.deepEqual(await run(), { completed: 0, retried: 1, parked: 0 });
  await mirror.send(sampleEvent("user.updated", {
    data: { id: created.data.id, "email_addresses.1.email_address": "new@example.com" },
  }));
  await passTime(mirror);
  assert.deepEqual(await run(), { completed: 1, retried: 0, parked: 0 });
  assert.deepEqual([...resend.sent.values()].map(({ to }) => to), ["ada@example.com"]);
  assert.match(lines.join("\n"), /"reason":"it was sent already, to an earlier address"/);
});

test.underOwnNames("concurrent workers never run an effect twice, and a crashed worker's effects are run later", async () => {
  await using mirror = await openOwnMirror();
  const running = new Map<string, number>();
  const runs = new Map<string, number>();
  const handler: EffectHandler = {
    name: "welcome_email",
    async run({ webhook_id }) {
      running.set(webhook_id, (running.get(webhook_id) ?? 0) + 1);
      assert.equal(running.get(webhook_id), 1, "at the same time");
      runs.set(webhook_id, (runs.get(webhook_id) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running.set(webhook_id, 0);
      return undefined;
    },
  };
  const workers = Array.from({ length: 4 }, () => worker(mirror, {}, { handlers: [handler] }));
  await Promise.all(workers.map(({ run }) => run()));
  for (let user = 0; user < 60; user++) await mirror.send(sampleEvent("user.created"));

  // A worker takes ten and is never heard of again.
  const supabase = createSupabase({
    supabaseUrl: mirror.apiUrl,
    supabaseKey: mirror.keys.secretKey,
    naming: mirror.naming,
  });
  assert.equal((await createOutbox(supabase).take(["welcome_email"], 10, 60)).length, 10);
  const reports = await Promise.all(workers.map(({ run }) => run()));
  assert.equal(reports.reduce((sum, { completed }) => sum + completed, 0), 50);
  assert.ok([...runs.values()].every((times) => times === 1));

  await passTime(mirror);
  assert.equal((await workers[0]?.run())?.completed, 10);
  assert.equal(runs.size, 60);
  assert.deepEqual(await outboxRows(mirror), []);
});

test.underOwnNames("1,000 sign-ups with duplicates, late events, deletions and crashes send one email per user left", async () => {
  await using mirror = await openOwnMirror();
  // Each message fails in its own way up to three times, and is accepted then.
  const moods: Mood[] = ["accept", "fail", "die", "pause", "die"];
  await using resend = startResend((key, times) => {
    const seed = [...key].reduce((sum, character) => sum * 31 + character.charCodeAt(0) | 0, 7) >>>
      0;
    return times > 3 ? "accept" : moods[(seed + times) % moods.length] ?? "accept";
  });
  const config = readEffectsConfig(functionEnv(mirror.stack, emailEnv(resend)));
  assert.ok(!(config instanceof Error));
  const supabase = createSupabase({
    supabaseUrl: mirror.apiUrl,
    supabaseKey: mirror.keys.secretKey,
    naming: mirror.naming,
  });
  const handlers = configuredHandlers(config);
  const outbox = createOutbox(supabase);
  await outbox.register(handlers.map(({ name }) => name));

  const users = Array.from({ length: 1000 }, (_, index) => ({ id: newId("user"), index }));
  const isDeleted = (index: number) => index % 10 === 0;
  const queue = [...users];
  const send = async () => {
    for (let user = queue.shift(); user !== undefined; user = queue.shift()) {
      const { id, index } = user;
      const created = sampleEvent("user.created", {
        at: Date.now() - 60_000,
        data: { id, "email_addresses.1.email_address": `user${index}@example.com` },
      });
      const later = sampleEvent("user.updated", {
        data: { id, "email_addresses.1.email_address": `user${index}@example.com` },
      });
      const deleted = sampleEvent("user.deleted", { data: { id } });
      const webhookId = newId("msg");
      if (index % 3 === 0) await mirror.send(later);
      if (isDeleted(index) && index % 20 === 0) await mirror.send(deleted);
      await mirror.send(created, { id: webhookId });
      if (index % 4 === 0) await mirror.send(created, { id: webhookId });
      if (isDeleted(index) && index % 20 !== 0) await mirror.send(deleted);
    }
  };
  await Promise.all(Array.from({ length: 8 }, send));

  const journal = createJournal({ log: () => {} });
  // Every seventh completion is lost, as when a worker crashes after the message was sent.
  let completions = 0;
  const crashing: Outbox = {
    ...outbox,
    complete: (effect) => ++completions % 7 === 0 ? Promise.resolve() : outbox.complete(effect),
  };
  for (let round = 0; round < 12 && (await outboxRows(mirror)).length > 0; round++) {
    await passTime(mirror);
    await Promise.all(
      [1, 2, 3].map(() => drain({ outbox: crashing, supabase, handlers, journal })),
    );
  }
  assert.deepEqual(await outboxRows(mirror), [], "nothing is stuck");
  const addresses = [...resend.sent.values()].map(({ to }) => to).sort();
  const expected = users.filter(({ index }) => !isDeleted(index)).map(({ index }) =>
    `user${index}@example.com`
  );
  assert.deepEqual(addresses, expected.sort());
});

test.underOwnNames("a hanging provider doesn't delay the webhook's answer, and the webhook wakes the worker", async () => {
  await using mirror = await openOwnMirror();
  const moods: Mood[] = ["accept", "hang"];
  await using resend = startResend(() => moods.shift() ?? "hang");
  const effects = worker(mirror, emailEnv(resend), { handlerTimeout: 3000 });
  await effects.run();
  const signingSecret = newSigningSecret();
  serveWebhook(mirror.stack, {
    CLERK_WEBHOOK_SIGNING_SECRET: signingSecret,
    RESEND_API_KEY: "re_test",
  }, { log: () => {}, createNudge });
  let nudges: Promise<unknown> = Promise.resolve();
  mirror.stack.serveFunction("clerk-effects", (request) => {
    const answer = effects.handler(request);
    nudges = Promise.all([nudges, answer]);
    return answer;
  });
  const signUp = () =>
    deliver(
      signedRequest(mirror.webhookUrl, signingSecret, JSON.stringify(sampleEvent("user.created"))),
    );

  assert.equal((await signUp()).outcome, "applied");
  const deadline = Date.now() + 5000;
  while (resend.sent.size === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(resend.sent.size, 1, "nobody but the webhook function called the worker");
  await nudges;

  const answer = await signUp();
  assert.equal(answer.outcome, "applied");
  assert.ok(answer.duration < 1500, `${answer.duration} ms, while the provider takes 3 s`);
  while (resend.requests < 2 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(resend.requests, 2, "the provider was asked, and hangs");
  await nudges;
  const [row] = await outboxRows(mirror);
  assert.match(row?.last_error, /took too long/);
});

test.underOwnNames("clerk-effects answers 401 without the secret key, 405 to other methods, 500 when misconfigured", async () => {
  await using mirror = await openOwnMirror();
  const { handler } = worker(mirror, {});
  const post = (headers: Record<string, string>) =>
    handler(new Request(URL_, { method: "POST", headers }));
  const { secretKey, publishableKey } = mirror.keys;
  for (
    const headers of [{}, { apikey: publishableKey }, { apikey: `${secretKey}x` }, {
      authorization: "Bearer",
    }]
  ) {
    assert.equal((await post({ ...headers })).status, 401);
  }
  assert.equal((await post({ authorization: `Bearer ${secretKey}` })).status, 200);
  const got = await handler(new Request(URL_, { headers: { apikey: secretKey } }));
  assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"]);

  const lines: string[] = [];
  const misconfigured = worker(mirror, { RESEND_API_KEY: "re_test" }, { lines });
  const answer = await misconfigured.handler(
    new Request(URL_, { method: "POST", headers: { apikey: secretKey } }),
  );
  assert.equal(answer.status, 500);
  assert.match(lines.join(), /"variable":"WELCOME_EMAIL_FROM"/);
});

Deno.test("deno task effects drains the outbox, and explains a missing variable or a bad interval", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend(() => "accept");
  const folder = await Deno.makeTempDir();
  const run = async (env: Record<string, string>, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "effects", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", MIRROR_DEV_FOLDER: folder, MIRROR_ENV_FILE: `${folder}/none`, ...env },
    }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
  };
  const env = {
    SUPABASE_URL: mirror.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
    ...namingEnv(mirror.naming),
    ...emailEnv(resend),
  };
  assert.match((await run(env)).output, /^Handlers: welcome_email\n.*"completed":0/);
  await mirror.send(sampleEvent("user.created"));
  const { code, output } = await run(env);
  assert.equal(code, 0, output);
  assert.match(output, /"outcome":"completed"\}\n\{"completed":1,"retried":0,"parked":0\}\n$/);
  assert.equal(resend.sent.size, 1);

  const nowhere = await run({});
  assert.deepEqual([nowhere.code, nowhere.output], [
    1,
    "SUPABASE_URL: The address of the project is not set\n",
  ]);
  assert.match((await run(env, "--every", "soon")).output, /not a number of seconds/);
  await Deno.remove(folder, { recursive: true });
});
