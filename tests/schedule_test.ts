/**
 * The schedule: Supabase itself wakes the functions, and the job that runs every minute exists only
 * while there is work.
 */
import assert from "node:assert/strict";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { serveEffects } from "../tools/development/stack/serve_effects.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { startResend } from "./helpers/providers.ts";
import { addScheduler, type Scheduler } from "./helpers/scheduler.ts";

const PRUNE = { name: "clerk_mirror_prune", schedule: "41 3 * * *" };
const RECONCILE = { name: "clerk_mirror_reconcile", schedule: "17 3 * * *" };
const WORK = { name: "clerk_mirror_work", schedule: "* * * * *" };

async function schedule({ sql, apiUrl, keys }: OwnMirror): Promise<Record<string, unknown>> {
  const [row] = await sql`select clerk_sync.schedule(${apiUrl}, ${keys.secretKey}) as answer`;
  return row?.answer;
}

/** Runs the job of the work, and sends what it has queued. */
async function nextMinute(scheduler: Scheduler): Promise<string[]> {
  await scheduler.runJob(WORK.name);
  const answers = await scheduler.sendRequests();
  return answers.map(({ url, status }) => `${url.replace(/.*\//, "")} ${status}`);
}

Deno.test("schedule() is one statement and safe to repeat; unschedule() removes all that it made", async () => {
  await using mirror = await openOwnMirror();
  const scheduler = await addScheduler(mirror);
  const first = await schedule(mirror);
  assert.deepEqual(await schedule(mirror), first);
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE, WORK]);
  assert.equal(first.is_scheduled, true);
  assert.deepEqual(first.missing_extensions, []);

  const { sql, apiUrl } = mirror;
  await sql`select clerk_sync.schedule(${`${apiUrl}/`}, null, ${"5 4 * * 0"}, false)`;
  assert.deepEqual((await scheduler.jobs())[1], { ...RECONCILE, schedule: "5 4 * * 0" });
  await sql`select clerk_sync.schedule(${apiUrl}, null, null)`;
  assert.deepEqual(await scheduler.jobs(), [PRUNE, WORK]);
  const secrets = await sql`select name, decrypted_secret from vault.decrypted_secrets`;
  assert.deepEqual([...secrets], [
    { name: "clerk_mirror_secret_key", decrypted_secret: mirror.keys.secretKey },
  ]);

  const unschedule = async () => (await sql`select clerk_sync.unschedule() as was_set`)[0]?.was_set;
  assert.equal(await unschedule(), true);
  assert.equal(await unschedule(), false);
  assert.deepEqual(await scheduler.jobs(), []);
  assert.equal((await sql`select from vault.secrets`).length, 0);
});

Deno.test("schedule() refuses what can't work with a plain message, and sets nothing up", async () => {
  await using mirror = await openOwnMirror();
  const { sql, apiUrl, keys } = mirror;
  const { secretKey, publishableKey } = keys;
  await assert.rejects(
    async () => await sql`select clerk_sync.schedule(${apiUrl}, ${secretKey})`,
    /The schedule needs the extension "pg_cron", which this database does not have/,
  );
  const scheduler = await addScheduler(mirror);
  const wrong: [string | null, string | null, string, RegExp][] = [
    ["example.com", secretKey, "1 1 * * *", /"example\.com" is not the address of a project/],
    [`${apiUrl}/rest/v1`, secretKey, "1 1 * * *", /is not the address of a project/],
    [null, secretKey, "1 1 * * *", /is not the address of a project/],
    [apiUrl, publishableKey, "1 1 * * *", /is not a secret key/],
    [apiUrl, null, "1 1 * * *", /The schedule needs a secret key/],
    [apiUrl, secretKey, "nightly", /invalid schedule: nightly/],
  ];
  for (const [url, key, reconcileAt, message] of wrong) {
    await assert.rejects(
      async () => await sql`select clerk_sync.schedule(${url}, ${key}, ${reconcileAt})`,
      message,
    );
  }
  assert.deepEqual(await scheduler.jobs(), []);
  assert.equal((await sql`select from vault.secrets`).length, 0);
});

Deno.test("the job that runs every minute exists while effects wait, and goes once they have run", async () => {
  await using mirror = await openOwnMirror();
  await using resend = startResend((_key, times) => times === 1 ? "fail" : "accept");
  serveEffects(mirror.stack, {
    RESEND_API_KEY: "re_test",
    RESEND_BASE_URL: resend.url,
    WELCOME_EMAIL_FROM: "Engines <hello@example.com>",
  });
  const scheduler = await addScheduler(mirror);
  await schedule(mirror);
  // The worker is woken once, and tells which effects it can run.
  assert.deepEqual((await scheduler.sendRequests()).map(({ status }) => status), [200]);
  assert.deepEqual(await nextMinute(scheduler), []);
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE]);

  await mirror.send(sampleEvent("session.created"));
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE], "nobody listens to sessions");
  await Promise.all([1, 2, 3].map(() => mirror.send(sampleEvent("user.created"))));
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE, WORK]);
  for (let minute = 0; minute < 10 && (await scheduler.jobs()).length === 3; minute++) {
    await nextMinute(scheduler);
    await mirror.sql`update clerk_sync.outbox set due_at = now() where parked_at is null`;
  }
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE]);
  assert.equal(resend.sent.size, 3);
});

Deno.test("the job slows to every 15 minutes for work that nobody does, and goes for what is switched off", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const scheduler = await addScheduler(mirror);
  await schedule(mirror);
  await sql`update clerk_sync.effects set is_enabled = true`;
  await mirror.send(sampleEvent("user.created"));
  // A function that is missing: the schedule goes on.
  assert.deepEqual(await nextMinute(scheduler), ["clerk-effects 404", "clerk-effects 404"]);
  assert.deepEqual((await scheduler.jobs())[2], WORK);
  await sql`update clerk_sync.outbox set due_at = now() - interval '2 hours'`;
  await nextMinute(scheduler);
  assert.equal((await scheduler.jobs())[2]?.schedule, "*/15 * * * *");
  await mirror.send(sampleEvent("user.created"));
  assert.equal((await scheduler.jobs())[2]?.schedule, "*/15 * * * *", "late work sets the pace");

  await mirror.asService().rpc("switch_effects", { handlers: ["welcome_email"], is_on: false });
  await nextMinute(scheduler);
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE]);
  await mirror.asService().rpc("switch_effects", { handlers: ["welcome_email"], is_on: true });
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE, WORK]);

  await sql`update clerk_sync.outbox set parked_at = now()`;
  await nextMinute(scheduler);
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE]);
  await sql`update clerk_sync.outbox set parked_at = null, attempts = 0, due_at = now()`;
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE, WORK]);
});

Deno.test("the job stays while a transaction that brings work is still open", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const scheduler = await addScheduler(mirror);
  await schedule(mirror);
  const insert = (transaction: OwnMirror["sql"]) =>
    transaction`
      insert into clerk_sync.outbox (webhook_id, event_type, handler, object_id, occurred_at)
      values ('msg_1', 'user.created', 'welcome_email', 'user_1', now())`;
  await sql.begin(async (transaction) => {
    await insert(transaction as unknown as OwnMirror["sql"]);
    await nextMinute(scheduler);
  });
  assert.deepEqual((await scheduler.jobs())[2], WORK, "the job saw no work, and stayed");
});

Deno.test("the job resumes an interrupted run, and fails one that nobody has touched for a day", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const bodies: unknown[] = [];
  mirror.stack.serveFunction("clerk-reconcile", async (request) => {
    bodies.push({ body: await request.json(), key: request.headers.get("apikey") });
    return Response.json({});
  });
  const scheduler = await addScheduler(mirror);
  await schedule(mirror);
  await nextMinute(scheduler);
  await scheduler.runJob(RECONCILE.name);
  await scheduler.sendRequests();
  const key = mirror.keys.secretKey;
  assert.deepEqual(bodies.splice(0), [
    { body: { kind: "reconcile", repair: true, asked_by: "schedule" }, key },
  ]);

  await mirror.asService().rpc("begin_run", {
    kind: "reconcile",
    asked_by: "schedule",
    is_repair: true,
    options: {},
    lease_seconds: 60,
  });
  assert.deepEqual((await scheduler.jobs())[2], WORK);
  assert.deepEqual(await nextMinute(scheduler), [], "somebody works on it");
  await sql`update clerk_sync.runs set lease_until = now()`;
  assert.deepEqual(await nextMinute(scheduler), ["clerk-reconcile 200"]);
  assert.deepEqual(bodies.splice(0), [{ body: {}, key }]);

  await sql`update clerk_sync.runs set lease_until = now() - interval '25 hours'`;
  assert.deepEqual(await nextMinute(scheduler), []);
  const [run] = await sql`select state, error from clerk_sync.runs`;
  assert.deepEqual({ ...run }, { state: "failed", error: "Nothing continued it" });
  assert.deepEqual(await scheduler.jobs(), [PRUNE, RECONCILE]);
});

Deno.test("an event is applied and its effect enqueued even if pg_cron is gone", async () => {
  await using mirror = await openOwnMirror();
  const scheduler = await addScheduler(mirror);
  await schedule(mirror);
  await nextMinute(scheduler);
  await mirror.sql`update clerk_sync.effects set is_enabled = true`;
  await scheduler.dropCron();
  const answer = await mirror.send(sampleEvent("user.created"));
  assert.equal(answer.outcome, "applied");
  assert.equal((await mirror.sql`select from clerk_sync.outbox`).length, 1);
});

Deno.test("the prune job deletes expired ledger rows, and pg_cron's records of the mirror's jobs over a week old", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const scheduler = await addScheduler(mirror);
  await schedule(mirror);
  await sql`
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
    select 'msg_' || number, 'user.created', 'user_1', now(), now() - make_interval(days => 95 - number, hours => 1)
    from generate_series(1, 9) as number`;
  await scheduler.runJob(WORK.name);
  await scheduler.ageDetails("8 days");
  await scheduler.runJob(PRUNE.name);
  const left = await sql`select id from clerk_sync.webhook_events order by id`;
  assert.deepEqual(left.map(({ id }) => id), ["msg_6", "msg_7", "msg_8", "msg_9"]);

  const details = await sql`select command from cron.job_run_details`;
  assert.deepEqual(details.map(({ command }) => command), ["select clerk_sync.prune()"]);

  const [row] = await sql`select clerk_sync.read_schedule() as answer`;
  const job = row?.answer.jobs.find(({ name }: { name: string }) => name === PRUNE.name);
  assert.equal(job.last_status, "succeeded");
});
