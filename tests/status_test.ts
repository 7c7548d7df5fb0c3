/**
 * Status: each kind of trouble is produced, and reported as worth a look or broken, with what to do
 * about it.
 */
import assert from "node:assert/strict";
import { RELEASE } from "../functions/_shared/release.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";
import { behindJwtCheck } from "../tools/development/stack/jwt_check.ts";
import { serveWebhook } from "../tools/development/stack/serve_webhook.ts";
import { freePort } from "../tools/development/stack/stack.ts";
import { takeStatus } from "../tools/commands/status/take_status.ts";
import { openOwnMirror } from "./helpers/mirror.ts";
import { assertLine, recordReconciliation, schedule, statusOf } from "./helpers/status.ts";
import { addScheduleExtensions } from "./helpers/scheduler.ts";
import { asSuperuser } from "./helpers/superuser.ts";

/** A server on 127.0.0.1 that answers everything alike. */
function answering(answer: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server on 127.0.0.1 that takes requests and answers none, until it is disposed of. */
function silence() {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const server = answering(() => promise.then((response) => response.clone()));
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      resolve(new Response());
      await server[Symbol.asyncDispose]();
    },
  };
}

/** An address where nobody listens. */
const nowhere = () => `http://127.0.0.1:${freePort()}`;

Deno.test("status is well in every line for a mirror that has all it needs", async () => {
  await using mirror = await openOwnMirror();
  await schedule(mirror);
  await mirror.send(sampleEvent("user.created"));
  await recordReconciliation(mirror, { results: [{ name: "users", compared: 1 }] });

  const report = await statusOf(mirror);
  assert.deepEqual(report.lines.filter(({ level }) => level !== "well"), []);
  assert.equal(report.level, "well");
  assertLine(report, "Database", "well", /^Answered in \d+ ms$/);
  assertLine(report, "Function", "well", /the secret is right, the JWT check is off, it reaches/);
  assertLine(
    report,
    "Releases",
    "well",
    new RegExp(`^Database ${RELEASE}, function ${RELEASE}, this command ${RELEASE}$`),
  );
  assertLine(report, "Last webhook", "well", /^\d+ seconds? ago: user\.created, applied$/);
  assertLine(
    report,
    "Events",
    "well",
    /^1 applied, 0 stale, 0 duplicate in the last hour; 1 applied/,
  );
  assertLine(report, "Dead letters", "well", /^None$/);
  assertLine(report, "Effect welcome_email", "well", /^No worker is configured/);
  assertLine(report, "Reconciliation", "well", /^1 hour ago, 1 object compared: no difference$/);
  assertLine(report, "Backfill", "well", /^None is under way/);
  assertLine(report, "Schedule", "well", /^Set up for .*reconcile "17 3 \* \* \*"/);
  assertLine(report, "Ledger", "well", /^1 webhook, \d+ kB, the oldest 0 seconds old$/);
  assertLine(report, "Other instances", "well", /^The mirror belongs to "ins_\w+", and no other/);
  assert.ok(Math.abs(Date.parse(report.takenAt) - Date.now()) < 60_000);
  assert.deepEqual(report.facts?.release, RELEASE);
});

Deno.test("status tells each kind of trouble with the function by its answer to a probe", async (t) => {
  await using mirror = await openOwnMirror();
  const { stack } = mirror;
  const secret = mirror.signingSecret;
  const serve = (env: Record<string, string>) =>
    serveWebhook(stack, { CLERK_WEBHOOK_SIGNING_SECRET: secret, ...env }, { log: () => {} });
  const functionLine = async (level: "look" | "broken" | "well", text: RegExp, advice?: RegExp) =>
    assertLine(await statusOf(mirror), "Function", level, text, advice);
  const broken = (text: RegExp, advice: RegExp) => functionLine("broken", text, advice);

  await t.step("another signing secret", async () => {
    serve({ CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret() });
    await broken(
      /refused the signature: its signing secret is not the one known/,
      /supabase secrets set/,
    );
  });

  await t.step("one of two secrets is not the function's", async () => {
    serve({});
    const probe = { signingSecrets: [secret, newSigningSecret()] };
    assertLine(await statusOf(mirror, { probe }), "Function", "broken", /known here number 2/);
    serve({ CLERK_WEBHOOK_SIGNING_SECRET: probe.signingSecrets.join(" ") });
    assertLine(await statusOf(mirror, { probe }), "Function", "well", /the secret is right/);
  });

  await t.step("a malformed secret on this machine", async () => {
    const probe = { signingSecrets: ["whsec_!"] };
    assertLine(await statusOf(mirror, { probe }), "Function", "broken", /not probed.*base64/);
  });

  await t.step("no secret on this machine: the rest is probed", async () => {
    const probe = { signingSecrets: [] };
    assertLine(
      await statusOf(mirror, { probe }),
      "Function",
      "well",
      /JWT check is off.*not checked/,
    );
  });

  await t.step("a misconfigured function", async () => {
    serve({ CLERK_WEBHOOK_SIGNING_SECRET: "" });
    await broken(/misconfigured/, /log .*says which/);
  });

  await t.step("the JWT check left on", async () => {
    let isReached = false;
    stack.serveFunction(
      "clerk-webhook",
      behindJwtCheck(() => {
        isReached = true;
        return new Response();
      }, stack.keys.jwtSecret),
    );
    await broken(/JWT check is on/, /verify_jwt = false/);
    assert.ok(!isReached);
  });

  await t.step("no function at the address", async () => {
    const probe = { functionUrl: `${mirror.apiUrl}/functions/v1/clerk-webhooks` };
    assertLine(
      await statusOf(mirror, { probe }),
      "Function",
      "broken",
      /There is no function at ".*clerk-webhooks"/,
      /supabase functions deploy/,
    );
  });

  await t.step("nothing answers at the address", async () => {
    const probe = { functionUrl: nowhere() };
    assertLine(await statusOf(mirror, { probe }), "Function", "broken", /Nothing answered/, /URL/);
    await using silent = silence();
    const slow = { functionUrl: silent.url, timeout: 50 };
    assertLine(
      await statusOf(mirror, { probe: slow }),
      "Function",
      "broken",
      /within 0\.05 seconds/,
    );
  });

  await t.step("something else answers at the address", async () => {
    await using other = answering(() => new Response("<html>", { status: 405 }));
    const probe = { functionUrl: other.url };
    assertLine(await statusOf(mirror, { probe }), "Function", "broken", /not the function.*405/);
  });

  await t.step("a function that can't reach a working database", async () => {
    serve({ SUPABASE_URL: nowhere() });
    await broken(/answers, but can't reach the database/, /health/);
    assertLine(await statusOf(mirror), "Database", "well", /Answered/);
  });

  await t.step("a function whose key the database refuses", async () => {
    serve({ SUPABASE_SECRET_KEYS: '{"default":"sb_secret_of_another_project"}' });
    await broken(/the database refuses its key/, /SUPABASE_SECRET_KEYS/);
  });

  await t.step("a function that looks for the mirror under other names", async () => {
    serve({ CLERK_MIRROR_PREFIX: "elsewhere_" });
    await broken(/does not have the mirror under the function's names/, /CLERK_MIRROR_PREFIX/);
  });

  await t.step("a function that is older than the probe", async () => {
    stack.serveFunction("clerk-webhook", () => Response.json({ outcome: "ignored" }));
    await functionLine("look", /release does not report more/, /upgrade/);
  });

  serve({});
  const forward = async (request: Request, headers: Record<string, string> = {}) =>
    await fetch(mirror.webhookUrl, {
      method: "POST",
      headers: { ...Object.fromEntries(request.headers), ...headers },
      body: await request.arrayBuffer(),
    });

  await t.step("clocks that are minutes apart", async () => {
    await using front = answering(async (request) => {
      const answer = await (await forward(request)).json();
      const now = new Date(Date.parse(answer.now) + 150_000).toISOString();
      return Response.json({ ...answer, now });
    });
    assertLine(
      await statusOf(mirror, { probe: { functionUrl: front.url } }),
      "Function",
      "look",
      /its clock is 2 minutes ahead of this machine's/,
    );
  });

  await t.step("clocks so far apart that signatures are refused", async () => {
    await using front = answering(async (request) => {
      const old = String(Math.floor(Date.now() / 1000) - 600);
      const answer = await forward(request, { "svix-timestamp": old });
      return Response.json(await answer.json(), {
        status: answer.status,
        headers: { date: new Date(Date.now() + 600_000).toUTCString() },
      });
    });
    assertLine(
      await statusOf(mirror, { probe: { functionUrl: front.url } }),
      "Function",
      "broken",
      /refused the message's time: its clock is (?:9|10) minutes ahead/,
      /refuses every webhook/,
    );
  });

  /** What Supabase answers in a function's place, as its documentation has it. */
  const PLATFORM: [number, Record<string, unknown>, RegExp][] = [
    [540, { message: "Project paused" }, /project is paused/],
    [546, { code: "WORKER_RESOURCE_LIMIT" }, /more memory or processor time/],
    [504, { code: "IDLE_TIMEOUT" }, /did not answer in time/],
    [503, { code: "BOOT_ERROR" }, /does not start/],
    [500, { code: "WORKER_ERROR" }, /status 500 \(WORKER_ERROR\)/],
  ];
  for (const [status, body, text] of PLATFORM) {
    await t.step(`status ${status} from the platform`, async () => {
      await using platform = answering(() => Response.json(body, { status }));
      const probe = { functionUrl: platform.url };
      assertLine(await statusOf(mirror, { probe }), "Function", "broken", text);
    });
  }
});

Deno.test("a probe is answered with the releases, and writes nothing", async () => {
  await using mirror = await openOwnMirror({ settings: { autovacuum: "off" } });
  await mirror.send(sampleEvent("user.created"));
  const nextTransaction = async () =>
    (await mirror.sql`select pg_snapshot_xmax(pg_current_snapshot())::text as id`)[0]?.id;
  const before = await nextTransaction();
  const report = await statusOf(mirror);
  assertLine(report, "Function", "well", /reaches the database/);
  assert.equal(await nextTransaction(), before, "no transaction wrote anything");

  const body = JSON.stringify({ type: "clerk_mirror.probe", data: { id: newId("user") } });
  const response = await fetch(signedRequest(mirror.webhookUrl, mirror.signingSecret, body));
  const { now, ...answer } = await response.json();
  assert.deepEqual([response.status, answer], [200, {
    outcome: "ignored",
    release: RELEASE,
    database: "reachable",
    database_release: RELEASE,
  }]);
  assert.ok(Math.abs(Date.parse(now) - Date.now()) < 60_000);
  assert.equal(await nextTransaction(), before);
});

Deno.test("status tells each kind of trouble on the way to the database", async (t) => {
  await using mirror = await openOwnMirror();
  const assertBroken = async (
    project: Partial<Parameters<typeof takeStatus>[0]["project"]>,
    text: RegExp,
    advice: RegExp,
    timeout?: number,
  ) => {
    const report = await statusOf(mirror, {
      project,
      ...(timeout === undefined ? {} : { timeout }),
    });
    assertLine(report, "Database", "broken", text, advice);
    assert.deepEqual([report.level, report.facts], ["broken", null]);
    assert.deepEqual(report.lines.map(({ name }) => name), ["Database", "Function"]);
  };

  await t.step("a wrong key", async () => {
    await assertBroken(
      { supabaseKey: "sb_secret_of_another_project" },
      /key was refused/,
      /SUPABASE_SECRET_KEYS/,
    );
  });
  await t.step("the publishable key", async () => {
    await assertBroken(
      { supabaseKey: mirror.keys.publishableKey },
      /key was refused/,
      /secret key/,
    );
  });
  await t.step("nothing answers at the address", async () => {
    const supabaseUrl = nowhere();
    await assertBroken({ supabaseUrl }, new RegExp(`Nothing answers at "${supabaseUrl}"`), /URL/);
  });
  await t.step("a malformed address", async () => {
    await assertBroken({ supabaseUrl: "ftp:nonsense" }, /Nothing answers/, /URL/);
  });
  await t.step("something else answers at the address", async () => {
    await using page = answering(() =>
      new Response("<html>", { headers: { "content-type": "text/html" } })
    );
    await assertBroken({ supabaseUrl: page.url }, /not a Supabase project/, /SUPABASE_URL/);
    await using missing = answering(() => new Response("<html>", { status: 404 }));
    await assertBroken({ supabaseUrl: missing.url }, /not a Supabase project/, /SUPABASE_URL/);
  });
  await t.step("a paused project", async () => {
    await using paused = answering(() =>
      Response.json({ message: "Project paused" }, { status: 540 })
    );
    await assertBroken(
      { supabaseUrl: paused.url },
      /project is paused/,
      /Restore.*reconcile --repair/,
    );
  });
  await t.step("a database that does not answer in time", async () => {
    await using silent = silence();
    await assertBroken(
      { supabaseUrl: silent.url },
      /not answer within 0\.1 seconds/,
      /health/,
      100,
    );
    await using slow = answering(() =>
      Response.json({ code: "57014", message: "" }, { status: 500 })
    );
    await assertBroken({ supabaseUrl: slow.url }, /not answer in time/, /health/);
  });
  await t.step("a mirror under other names", async () => {
    const naming = { schema: mirror.naming.schema, prefix: "elsewhere_" };
    await assertBroken({ naming }, /no mirror as ".*elsewhere_/, /CLERK_MIRROR_PREFIX/);
  });
  await t.step("a release that has no status yet", async () => {
    await mirror.sql`alter function public.read_status() rename to no_status`;
    await mirror.sql`delete from clerk_sync.releases where version <> '0.1.0'`;
    await mirror.stack.reconnect();
    await assertBroken({}, /release 0\.1\.0, which can't report/, /upgrade/);
  });
});

Deno.test("status reports a stopped database from both sides, and is well once it is back", async () => {
  await using mirror = await openOwnMirror();
  await mirror.send(sampleEvent("user.created"));
  await mirror.stack.postgres.stop();
  const down = await statusOf(mirror);
  assertLine(
    down,
    "Database",
    "broken",
    /API answers with status 5\d\d.* but the database does not/,
  );
  assertLine(down, "Function", "broken", /can't reach the database/, /sent again/);
  assert.deepEqual([down.level, down.facts], ["broken", null]);

  await mirror.stack.restartPostgres();
  const back = await statusOf(mirror);
  assertLine(back, "Database", "well", /Answered/);
  assertLine(back, "Function", "well", /reaches the database/);
});

Deno.test("a database or a function of another release is worth a look", async () => {
  await using mirror = await openOwnMirror();
  const setRelease = async (version: string) => {
    await mirror.sql`truncate clerk_sync.releases`;
    await mirror.sql`insert into clerk_sync.releases (version) values (${version})`;
  };
  await setRelease("0.1.9");
  assertLine(await statusOf(mirror), "Releases", "look", /Database 0\.1\.9/, /later migrations/);
  await setRelease("10.0.0");
  assertLine(
    await statusOf(mirror),
    "Releases",
    "look",
    /Database 10\.0\.0/,
    /Deploy the functions/,
  );
  const unprobed = await takeStatus({
    project: {
      supabaseUrl: mirror.apiUrl,
      supabaseKey: mirror.keys.secretKey,
      naming: mirror.naming,
    },
  });
  assertLine(unprobed, "Releases", "look", /function unknown/, /Use the command of/);
  assert.ok(!unprobed.lines.some(({ name }) => name === "Function"));
});

Deno.test("a lack of webhooks is worth a look, never broken", async () => {
  await using mirror = await openOwnMirror();
  assertLine(await statusOf(mirror), "Last webhook", "look", /None has arrived/, /endpoint/);
  await mirror.send(sampleEvent("user.created"));
  assertLine(await statusOf(mirror), "Last webhook", "well", /applied/);
  await mirror.sql`update clerk_sync.webhook_events set received_at = now() - interval '80 days'`;
  assertLine(await statusOf(mirror), "Last webhook", "look", /^80 days ago/, /quiet/);
});

Deno.test("recent events are counted as applied, stale, duplicate or dead-lettered", async (t) => {
  await using mirror = await openOwnMirror();
  const event = sampleEvent("user.created");
  const id = newId("msg");

  await t.step("one of each", async () => {
    await mirror.send(event, { id });
    await mirror.send(event, { id });
    const older = { data: { id: event.data.id }, at: event.timestamp - 60_000 };
    assert.equal((await mirror.send(sampleEvent("user.updated", older))).outcome, "stale");
    await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
    const { facts, lines } = await statusOf(mirror);
    const counts = { applied: 1, stale: 1, duplicate: 1, dead_lettered: 1, is_at_least: false };
    assert.deepEqual([facts?.last_hour, facts?.last_day], [counts, counts]);
    assert.match(
      lines.find(({ name }) => name === "Events")?.text ?? "",
      /^1 applied, 1 stale, 1 duplicate, 1 dead-lettered in the last hour/,
    );
  });

  await t.step(
    "40 concurrent duplicates are all counted, and none waits for the count",
    async () => {
      await mirror.sql.begin(async (sql) => {
        await sql`select from clerk_sync.duplicate_counts for update`;
        const answers = await Promise.all(
          Array.from({ length: 40 }, () => mirror.send(event, { id })),
        );
        assert.deepEqual(new Set(answers.map(({ outcome }) => outcome)), new Set(["duplicate"]));
      });
      const [row] = await mirror.sql`select duplicate_last_day::integer from clerk_sync.status`;
      assert.equal(row?.duplicate_last_day, 41);
      assertLine(
        await statusOf(mirror),
        "Events",
        "look",
        /41 duplicate/,
        /second endpoint/,
      );
    },
  );

  await t.step("older events count for the last day alone, or not at all", async () => {
    await mirror.sql`
      update clerk_sync.webhook_events
      set received_at = received_at - case outcome when 'stale' then interval '2 days' else '2 hours' end`;
    await mirror.sql`
      update clerk_sync.duplicate_counts set began_at = began_at - interval '3 days'`;
    const { facts } = await statusOf(mirror);
    const none = { applied: 0, stale: 0, duplicate: 0, dead_lettered: 1, is_at_least: false };
    assert.deepEqual([facts?.last_hour, facts?.last_day], [none, { ...none, applied: 1 }]);
  });

  await t.step("old counts of duplicates are deleted", async () => {
    await mirror.send(event, { id });
    const rows = await mirror.sql`select delivery_count::integer from clerk_sync.duplicate_counts`;
    assert.deepEqual(rows.map(({ delivery_count }) => delivery_count), [1]);
  });
});

Deno.test("status reads only a part of a large ledger, and reports its counts as a minimum", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  await sql`
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
    select
      'msg_' || lpad(number::text, 27, '0'), 'user.updated', 'user_' || number, now(),
      now() - (40000 - number) * interval '1 ms'
    from generate_series(1, 40000) as number`;
  await sql`
    insert into clerk_sync.dead_letters (webhook_id, type, reason, owner_ids, payload)
    select 'msg_' || number, 'user.updated', '22P02: invalid input "Ada"', '{}', '{}'
    from generate_series(1, 12000) as number`;
  await sql`
    insert into clerk_sync.outbox (webhook_id, event_type, handler, object_id, occurred_at, due_at, parked_at)
    select
      'msg_' || number, 'user.created', 'welcome_email', 'user_' || number, now(), now(),
      case when number % 2 = 0 then now() end
    from generate_series(1, 30000) as number`;
  await sql`analyze clerk_sync.webhook_events, clerk_sync.dead_letters, clerk_sync.outbox`;

  const read = await sql.begin(async (transaction) => {
    await transaction`select public.read_status()`;
    return await transaction`
      select relname as name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as count
      from pg_stat_xact_user_tables
      where schemaname = 'clerk_sync' and relname in ('webhook_events', 'dead_letters', 'outbox')`;
  });
  for (const { name, count } of read) {
    // Dead letters are looked at from both ends; due and parked effects are two looks.
    assert.ok(
      count > 0 && count <= (name === "webhook_events" ? 10_000 : 20_000),
      `${name}: ${count}`,
    );
  }
  assert.equal(read.length, 3);

  const report = await statusOf(mirror);
  const { facts } = report;
  assert.deepEqual(facts?.last_hour, {
    applied: 10_000,
    stale: 0,
    duplicate: 0,
    dead_lettered: 10_000,
    is_at_least: true,
  });
  assertLine(report, "Events", "well", /^at least 10,000 applied/);
  assertLine(
    report,
    "Ledger",
    "well",
    /^About 40,000 webhooks, [\d.]+ MB, the oldest \d+ seconds old$/,
  );
  assertLine(report, "Dead letters", "look", /^at least 10,000 events .* SQLSTATE 22P02$/);
  assert.ok(!JSON.stringify(report).includes("Ada"), "no value of a letter is told");
  assertLine(report, "Effect welcome_email", "look", /^at least 10,000 effects due/);
});

Deno.test("a ledger that is not pruned is worth a look", async () => {
  await using mirror = await openOwnMirror();
  await mirror.send(sampleEvent("user.created"));
  await mirror.sql`
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
    values ('msg_000000000000000000000000000', 'user.updated', 'user_1', now(), now() - interval '100 days')`;
  assertLine(await statusOf(mirror), "Ledger", "look", /the oldest 100 days old/, /prune/);
});

Deno.test("dead letters are worth a look, and broken once most events become one", async () => {
  await using mirror = await openOwnMirror();
  const poison = () =>
    mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
  await mirror.send(sampleEvent("user.created"));
  assert.equal((await poison()).outcome, "dead_lettered");
  await mirror
    .sql`update clerk_sync.dead_letters set first_failed_at = now() - interval '50 hours'`;
  const one = await statusOf(mirror);
  assertLine(
    one,
    "Dead letters",
    "look",
    /^1 event could not be applied, the oldest 2 days old\. Most often: .*"data\.created_at" is invalid/,
    /dead-letters.*--replay/,
  );
  assertLine(one, "Last webhook", "well", /user\.created, dead-lettered$/);

  for (let count = 0; count < 10; count++) await poison();
  assertLine(
    await statusOf(mirror),
    "Dead letters",
    "broken",
    /Most of what arrives can't be applied: 11/,
  );
});

Deno.test("overdue effects are worth a look, then broken; parked ones are worth a look", async (t) => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const name = "Effect welcome_email";
  await mirror.asService().rpc("register_effects", { handlers: ["welcome_email"] });
  assertLine(await statusOf(mirror), name, "well", /^None is due$/);
  await mirror.send(sampleEvent("user.created"));
  assertLine(await statusOf(mirror), name, "well", /^1 effect due, the first for 0 seconds$/);

  const wait = (ago: string) => sql`update clerk_sync.outbox set due_at = now() - ${ago}::interval`;
  await t.step("20 minutes late", async () => {
    await wait("20 minutes");
    assertLine(
      await statusOf(mirror),
      name,
      "look",
      /for 20 minutes: nothing runs/,
      /schedule\(…\)/,
    );
  });
  await t.step("three hours late", async () => {
    await wait("3 hours");
    assertLine(
      await statusOf(mirror),
      name,
      "broken",
      /for 3 hours: nothing runs/,
      /effects --every/,
    );
  });
  await t.step("three hours late in spite of a schedule", async () => {
    await schedule(mirror);
    assertLine(await statusOf(mirror), name, "broken", /nothing runs/, /clerk-effects.*deployed/);
  });
  await t.step("switched off", async () => {
    await mirror.asService().rpc("switch_effects", { handlers: ["welcome_email"], is_on: false });
    assertLine(await statusOf(mirror), name, "well", /^Switched off\. 1 effect due/);
    await mirror.asService().rpc("switch_effects", { handlers: ["welcome_email"], is_on: true });
  });
  await t.step("parked", async () => {
    await sql`update clerk_sync.outbox set parked_at = now(), last_error = 'no'`;
    assertLine(await statusOf(mirror), name, "look", /None is due; 1 effect given up/, /parked_at/);
  });
});

Deno.test("drift that the last reconciliation found is worth a look until it is repaired", async (t) => {
  await using mirror = await openOwnMirror();
  const assertRun = async (
    run: Parameters<typeof recordReconciliation>[1],
    level: "well" | "look" | "broken",
    text: RegExp,
    advice?: RegExp,
  ) => {
    await recordReconciliation(mirror, run);
    assertLine(await statusOf(mirror), "Reconciliation", level, text, advice);
  };
  assertLine(await statusOf(mirror), "Reconciliation", "look", /never compared/, /schedule\(…\)/);

  await t.step("a failed run, and none that finished", async () => {
    await assertRun(
      { error: "Clerk answers 401" },
      "broken",
      /Clerk answers 401.*none has finished/,
    );
  });
  const drift = { name: "users", compared: 900, missing: 3, outdated: 1, buried: 0, gone: 2 };
  await t.step("drift", async () => {
    await assertRun(
      { results: [drift, { name: "organizations", compared: 100, missing: 1 }] },
      "look",
      /1,000 objects compared: 4 missing, 1 outdated, 2 gone$/,
      /reconcile --repair/,
    );
  });
  await t.step("drift that was repaired", async () => {
    await assertRun({ results: [{ ...drift, repaired: 6 }] }, "well", /2 gone, 6 repaired$/);
  });
  await t.step("so much drift that webhooks must have been lost", async () => {
    const results = [{ ...drift, missing: 500, repaired: 503 }];
    await assertRun({ results }, "look", /503 repaired$/, /webhooks were lost/);
  });
  await t.step("deletions that were held back", async () => {
    const results = [{ ...drift, kept: "2,000 rows would go" }];
    await assertRun({ results }, "look", /2,000 rows would go/, /--allow-deletions/);
  });
  await t.step("objects that can't be mirrored", async () => {
    const results = [{ name: "users", compared: 1, refused_count: 1 }];
    await assertRun({ results }, "look", /1 object can't be mirrored/, /which, and why/);
  });
  await t.step("a list that came back short", async () => {
    const results = [{ name: "users", compared: 1, shortfall: 7 }];
    await assertRun({ results }, "look", /Clerk counts more than it listed/, /again later/);
  });
  await t.step("a failed run, and one that finished recently", async () => {
    await assertRun(
      { error: "timeout" },
      "look",
      /failed 1 hour ago \(timeout\); the last one that finished/,
    );
  });
  await t.step("no run for nine days", async () => {
    await mirror.sql`delete from clerk_sync.runs`;
    await assertRun({ endedAgo: "9 days" }, "look", /^9 days ago/, /time for the next/);
    await assertRun(
      { error: "x", endedAgo: "1 day" },
      "broken",
      /the last one that finished is 9 days old/,
    );
  });
  await t.step("a run that is under way, and one that nobody works on", async () => {
    const { data } = await mirror.asService().rpc("begin_run", {
      kind: "reconcile",
      asked_by: "schedule",
      is_repair: true,
      options: {},
      lease_seconds: 60,
    });
    assert.ok(data);
    assertLine(
      await statusOf(mirror),
      "Reconciliation",
      "well",
      /^Under way for \d+ seconds?, 0 objects/,
    );
    await mirror.sql`
      update clerk_sync.runs
      set lease_until = now() - interval '30 minutes', results = ${mirror.sql.json([drift])}
      where state = 'open'`;
    assertLine(
      await statusOf(mirror),
      "Reconciliation",
      "look",
      /900 objects so far, but nothing has worked on it for 30 minutes/,
      /schedule\(…\)/,
    );
  });
});

Deno.test("a backfill is reported as under way, interrupted, failed or finished", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const keep = () =>
    mirror.asService().rpc("keep_backfill_cursor", {
      resource: "users",
      last_position: { from: 0 },
      object_count: 1500,
      is_finished: false,
    });
  assert.equal((await keep()).error, null);
  assertLine(await statusOf(mirror), "Backfill", "well", /^Under way: 1,500 objects so far/);
  await sql`update clerk_sync.backfill_cursors set updated_at = now() - interval '5 hours'`;
  assertLine(await statusOf(mirror), "Backfill", "look", /^Interrupted: .*5 hours ago/, /backfill/);
  await sql`delete from clerk_sync.backfill_cursors`;

  const runAs = async (state: string, error: string | null) => {
    await sql`
      insert into clerk_sync.runs (kind, asked_by, is_repair, state, ended_at, error)
      values ('backfill', 'request', true, ${state}, now(), ${error})`;
    return await statusOf(mirror);
  };
  assertLine(
    await runAs("failed", "Clerk answers 429"),
    "Backfill",
    "look",
    /failed .*429/,
    /backfill/,
  );
  assertLine(await runAs("done", null), "Backfill", "well", /the last one finished 0 seconds ago/);
});

Deno.test("a missing, incomplete or failing schedule is reported", async (t) => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const assertSchedule = async (level: "well" | "look" | "broken", text: RegExp, advice?: RegExp) =>
    assertLine(await statusOf(mirror), "Schedule", level, text, advice);

  await t.step("no schedule, and no extensions for it", async () => {
    await assertSchedule(
      "look",
      /None is set up \(pg_cron, pg_net.* not enabled yet\)/,
      /clerk_sync\.schedule\('/,
    );
  });
  await t.step("no schedule, but reconciliations from elsewhere", async () => {
    await recordReconciliation(mirror);
    await assertSchedule("well", /from elsewhere/);
    await sql`delete from clerk_sync.runs`;
  });
  await t.step("no schedule, but the extensions for it", async () => {
    await addScheduleExtensions(mirror);
    await assertSchedule("look", /None is set up: missed effects/, /clerk_sync\.schedule\('/);
  });

  await sql`select clerk_sync.schedule(${mirror.apiUrl}, 'sb_secret_of_the_project')`;
  await assertSchedule("well", /Set up for/);
  const addDetails = async (job: string, status: string, message: string, ago: string) => {
    const [row] = await sql`select jobid from cron.job where jobname = ${job}`;
    await asSuperuser(mirror, (owner) =>
      owner`
        insert into cron.job_run_details (jobid, status, return_message, start_time)
        values (${row?.jobid}, ${status}, ${message}, now() - ${ago}::interval)`);
  };
  await t.step("a job that fails", async () => {
    await addDetails("clerk_mirror_reconcile", "failed", "ERROR: no key", "1 hour");
    await assertSchedule(
      "broken",
      /"clerk_mirror_reconcile" failed: ERROR: no key/,
      /Set it up again/,
    );
    await addDetails("clerk_mirror_reconcile", "succeeded", "1 row", "1 minute");
    await assertSchedule("well", /Set up for/);
  });
  await t.step("jobs that no longer start", async () => {
    await addDetails("clerk_mirror_prune", "succeeded", "1 row", "3 days");
    await assertSchedule("look", /last started 3 days ago/, /pg_cron is not running/);
  });
  await t.step("a job that is switched off", async () => {
    await sql`update cron.job set active = false where jobname = 'clerk_mirror_reconcile'`;
    await assertSchedule("look", /"clerk_mirror_reconcile" is switched off/, /Set it up again/);
  });
  await t.step("missing jobs", async () => {
    await sql`delete from cron.job`;
    await assertSchedule("broken", /jobs are gone/, /again/);
  });
  await t.step("a missing extension", async () => {
    await asSuperuser(mirror, (owner) => owner`drop schema net cascade`);
    await assertSchedule("broken", /needs pg_net/, /Extensions/);
  });
});

Deno.test("webhooks of another instance are worth a look for a week", async () => {
  await using mirror = await openOwnMirror();
  await mirror.send(sampleEvent("user.created"));
  await mirror.send({ ...sampleEvent("user.created"), instance_id: "ins_other" });
  assertLine(
    await statusOf(mirror),
    "Other instances",
    "look",
    /not applied: 1 webhook of other instances, the last one from "ins_other"/,
    /Delete that instance's endpoint.*instance --move/,
  );
  await mirror.sql`
    update clerk_sync.foreign_webhooks set last_received_at = now() - interval '8 days'`;
  assertLine(await statusOf(mirror), "Other instances", "well", /"ins_other" 8 days ago/);
});

Deno.test("status is readable with the secret key, by a role that was granted the view, and by nobody else", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const { naming } = mirror;
  for (const client of [mirror.asAnon(), mirror.asUser(newId("user"))]) {
    assert.equal((await client.rpc("read_status")).error?.code, "42501");
  }
  assert.equal((await mirror.asService().rpc("read_status")).error, null);

  await mirror.send(sampleEvent("user.created"));
  const [row] = await sql`select applied_last_hour::integer, effects_due_count::integer, release,
    last_reconciled_at, is_scheduled from clerk_sync.status`;
  assert.deepEqual({ ...row }, {
    applied_last_hour: 1,
    effects_due_count: 0,
    release: RELEASE,
    last_reconciled_at: null,
    is_scheduled: false,
  });

  await asSuperuser(mirror, async (owner) => {
    await owner.unsafe(`
      create role monitor;
      grant usage on schema clerk_sync to monitor;
      grant select on clerk_sync.status to monitor;
      grant execute on function clerk_sync.measure_status() to monitor`);
    await owner.begin(async (transaction) => {
      await transaction`set local role monitor`;
      const [seen] = await transaction`select applied_last_hour::integer from clerk_sync.status`;
      assert.equal(seen?.applied_last_hour, 1);
      const table = `${naming.schema}.${naming.prefix}profiles`;
      await assert.rejects(
        transaction.savepoint((inner) => inner.unsafe(`select from ${table}`)),
        /permission denied/,
      );
      await assert.rejects(
        transaction.savepoint((inner) => inner`select from clerk_sync.webhook_events`),
        /permission denied/,
      );
    });
  });
});
