/**
 * The function clerk-reconcile runs backfills and reconciliations in slices: it is called again and
 * again until the run is done.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { startFunctionProcess } from "../tools/development/stack/function_process.ts";
import { serveReconcile } from "../tools/development/stack/serve_reconcile.ts";
import type { ReconcileHandlerOptions } from "../functions/clerk-reconcile/handler.ts";
import { type ClerkApi, type ClerkApiOptions, startClerkApi } from "./helpers/clerk/api.ts";
import { clerkEnv } from "./helpers/clerk/env.ts";
import { fillLarge, fillSmall } from "./helpers/clerk/fill.ts";
import { newUser } from "./helpers/clerk/objects.ts";
import { finish } from "./helpers/command.ts";
import { countRows, openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { test } from "./helpers/naming.ts";
import { ask, assertExact, findingsOf, finishSlices, readRuns } from "./helpers/slices.ts";

const BEGINNING = Date.UTC(2026, 0, 1);
const LIVE_KEY = "sk_live_of_a_test";

/** A mirror that serves the function, whose slices end after each page, and a Clerk instance. */
async function open(
  clerkOptions: ClerkApiOptions = {},
  options: Partial<ReconcileHandlerOptions> = {},
  env: Record<string, string> = {},
) {
  const mirror = await openOwnMirror();
  const clerk = startClerkApi({ secretKey: LIVE_KEY, ...clerkOptions });
  const lines: string[] = [];
  serveReconcile(mirror.stack, {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    ...env,
  }, { log: (line) => lines.push(line), budget: { objects: 1 }, ...options });
  return {
    mirror,
    clerk,
    lines,
    async [Symbol.asyncDispose]() {
      await clerk[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
    },
  };
}

const RECONCILE = { kind: "reconcile", repair: true, grace: 0 };

/** Lets the lease of the open run, or the time that it is put off, be over. */
async function expire({ sql }: OwnMirror): Promise<void> {
  await sql`update clerk_sync.runs set lease_until = now() where state = 'open'`;
}

/** How many users differ. */
interface Drift {
  missing: number;
  outdated: number;
  gone: number;
}

/** Makes some of everything that a reconciliation can find of users. */
async function damage(mirror: OwnMirror, clerk: ClerkApi): Promise<Drift> {
  const users = [...clerk.users];
  const counts = { missing: 0, outdated: 0, gone: 0 };
  for (let index = 0; index < users.length; index += 97) {
    const [gone, changed, missing] = users.slice(index, index + 3);
    if (missing === undefined || gone === undefined || changed === undefined) break;
    clerk.users.delete(gone.id);
    clerk.users.update(changed.id, { first_name: "Changed" });
    await mirror.sql`delete from profiles where id = ${missing.id}`;
    counts.gone++;
    counts.outdated++;
    counts.missing++;
  }
  return counts;
}

Deno.test("runs in slices of one page give the same results as the commands", async (t) => {
  await using test = await open();
  const { mirror, clerk, lines } = test;
  fillSmall(clerk, BEGINNING);
  fillLarge(clerk, { users: 3_000, organizations: 600, members: 3, at: BEGINNING + 1 });

  await t.step("a backfill", async () => {
    const run = await finishSlices(mirror, { kind: "backfill", asked_by: "schedule" });
    assert.deepEqual([run.state, run.asked_by, run.error], ["done", "schedule", null]);
    assert.ok(run.slice_count >= 12, `${run.slice_count} slices`);
    const counts = Object.fromEntries(
      run.results.map(({ name, count }: { name: string; count: number }) => [name, count]),
    );
    assert.deepEqual(
      [counts.users, counts.organizations, counts.memberships, counts.payment_attempts],
      [3_001, 601, 1_801, 1],
    );
    await assertExact(mirror, clerk);
    assert.equal(await countRows(mirror, "clerk_sync.backfill_cursors"), 0);
  });

  await t.step("a reconciliation finds nothing", async () => {
    const run = await finishSlices(mirror, { kind: "reconcile", grace: 0 });
    assert.deepEqual(new Set(Object.values(findingsOf(run)).flat()), new Set([0]));
    assert.equal(run.results[0].compared, 3_001);
    assert.equal(run.results.length, 11);
  });

  const drift = await damage(mirror, clerk);
  await t.step(
    "a reconciliation without repair finds what the command finds, and changes nothing",
    async () => {
      const run = await finishSlices(mirror, { kind: "reconcile", grace: 0 });
      const { users } = findingsOf(run);
      assert.deepEqual(users, [drift.missing, drift.outdated, 0, drift.gone, 0]);
      assert.equal(run.is_repair, false);
      const { output, code } = await finish(
        taskCommand("reconcile", ["--grace", "0"], clerkEnv(clerk, mirror)),
      );
      assert.equal(code, 1, output);
      const [command] = await readRuns(mirror);
      assert.deepEqual([command.asked_by, command.state], ["command", "done"]);
      assert.deepEqual(findingsOf(command), findingsOf(run));
    },
  );

  await t.step("a reconciliation with repair fixes it", async () => {
    const { users, memberships } = findingsOf(await finishSlices(mirror, RECONCILE));
    assert.deepEqual(users, [
      drift.missing,
      drift.outdated,
      0,
      drift.gone,
      drift.missing + drift.outdated + drift.gone,
    ]);
    // Those of users who were missing; those of users who are gone went with them.
    assert.equal(memberships?.[0], memberships?.[4]);
    await assertExact(mirror, clerk);
    assert.equal(await countRows(mirror, "clerk_sync.gone_objects"), 0);
    const again = await finishSlices(mirror, RECONCILE);
    assert.deepEqual(new Set(Object.values(findingsOf(again)).flat()), new Set([0]));
  });

  await t.step("each slice logs one line, without personal data", () => {
    for (const line of lines) {
      const { run, kind, slice, state, duration_ms, processor_ms, is_new: _is_new, ...rest } = JSON
        .parse(line);
      assert.deepEqual(rest, {});
      assert.ok(run > 0 && slice > 0 && duration_ms > 0 && processor_ms >= 0);
      assert.match(`${kind} ${state}`, /^(backfill|reconcile) (open|done)$/);
    }
  });
});

test.underOwnNames("a run with ask_again calls itself until it is done", async () => {
  await using test = await open();
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 2_000, organizations: 10, members: 2, at: BEGINNING });
  const { body } = await ask(mirror, { kind: "backfill", ask_again: true });
  assert.deepEqual([body.state, body.is_new], ["open", true]);
  const deadline = Date.now() + 60_000;
  let [run] = await readRuns(mirror);
  while (run.state === "open" && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    [run] = await readRuns(mirror);
  }
  assert.deepEqual([run.id, run.state], [body.run, "done"]);
  await assertExact(mirror, clerk);
  assert.deepEqual((await ask(mirror)).body, { state: "idle" });
});

test.underOwnNames("concurrent requests share a run: one works on it, the others are told that it is busy", async () => {
  await using test = await open();
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 2_500, organizations: 300, members: 3, at: BEGINNING });
  let isOpen = true;
  let slices = 0;
  let busy = 0;
  while (isOpen) {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ask(mirror, { kind: "backfill", asked_by: "schedule" })),
    );
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      if (body.run !== 1) continue;
      if (body.state === "busy") busy++;
      else slices++;
      if (body.state === "done") isOpen = false;
    }
  }
  assert.ok(busy > 0, "they met");
  const run = (await readRuns(mirror)).find(({ id }) => id === 1);
  assert.deepEqual([run.state, run.slice_count], ["done", slices]);
  assert.equal(run.results[0].count, 2_500, "nobody's page counts twice");
  await assertExact(mirror, clerk);
});

/** Milliseconds between two webhooks: their load is not what slows the run down. */
const WEBHOOK_PAUSE = 10;

/** As many as chance needs. */
const LARGE = { users: 12_000, organizations: 1_500, members: 3, at: BEGINNING };

test.underOwnNames("a run that is killed again and again among live webhooks resumes and ends exact", async (t) => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  fillLarge(clerk, LARGE);
  await using process = await startFunctionProcess("tests/helpers/serve_slices.ts", {
    ...clerkEnv(clerk, mirror),
    TEST_SLICE_OBJECTS: "2000",
    TEST_LEASE_SECONDS: "1",
  });
  mirror.stack.serveFunction("clerk-reconcile", (request) => process.serve(request));
  const users = [...clerk.users];
  let sent = 0;

  /** Each tells of a change that Clerk has by then. */
  async function sendWebhook(): Promise<void> {
    const user = users[Math.floor(Math.random() * users.length)];
    if (user === undefined || clerk.users.get(user.id) === undefined) return;
    const isDeletion = sent++ % 10 === 1;
    const data = isDeletion
      ? { id: user.id, object: "user", deleted: true }
      : clerk.users.update(user.id, { first_name: `Name ${sent}` });
    if (isDeletion) clerk.users.delete(user.id);
    const type = isDeletion ? "user.deleted" : "user.updated";
    const { status } = await mirror.send({ type, timestamp: Date.now(), data });
    assert.equal(status, 200);
  }

  /** Asks until the run is closed, while the process is killed now and then. */
  async function finishAmongKills(begin: Record<string, unknown>) {
    const kills = process.kills;
    let state = "open";
    let body: Record<string, unknown> = begin;
    const asking = (async () => {
      while (state !== "done") {
        const answer = await ask(mirror, body);
        // Begun once: whoever asks for it again goes on with the open one, or would begin another.
        if (answer.status === 200) body = {};
        state = answer.body?.state ?? "killed";
        assert.notEqual(state, "failed", JSON.stringify(answer.body));
        if (state === "idle") return;
      }
    })();
    let isAsking = true;
    const asked = asking.finally(() => isAsking = false);
    let nextKill = Date.now() + 300 + Math.random() * 700;
    while (isAsking) {
      await sendWebhook();
      await pause(WEBHOOK_PAUSE);
      if (Date.now() < nextKill || process.kills - kills >= 8) continue;
      await process.killAndRestart();
      nextKill = Date.now() + 300 + Math.random() * 1_500;
    }
    await asked;
    assert.ok(process.kills > kills, "it was killed");
    const [run] = await readRuns(mirror);
    assert.equal(run.state, "done", JSON.stringify(run));
    return run;
  }

  await t.step("a backfill", async () => {
    const run = await finishAmongKills({ kind: "backfill" });
    assert.ok(run.slice_count > process.kills);
    await assertExact(mirror, clerk);
  });

  await t.step("a reconciliation", async () => {
    const drift = await damage(mirror, clerk);
    const run = await finishAmongKills(RECONCILE);
    // Webhooks mend some of it first, and one that is on its way may count as drift.
    const [missing = 0, outdated = 0, , gone = 0] = findingsOf(run).users ?? [];
    assert.ok(missing > 0.5 * drift.missing && missing <= drift.missing, `${missing} missing`);
    assert.ok(outdated > 0.5 * drift.outdated, `${outdated} outdated`);
    assert.ok(gone > 0.5 * drift.gone, `${gone} gone`);
    assert.equal(run.results[0].refused_count, 0);
    const left = findingsOf(await finishSlices(mirror, RECONCILE));
    assert.deepEqual(new Set(Object.values(left).flat()), new Set([0]));
    await assertExact(mirror, clerk);
  });
  assert.ok(sent > 50, `${sent} webhooks`);
});

test.underOwnNames("a page that was written before its progress could be stored is counted once", async () => {
  let isCut = false;
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  fillLarge(clerk, { users: 400, organizations: 1, members: 1, at: BEGINNING });
  // Between the function and the REST API: it lets a page be written, and nothing be kept after that.
  let writes = 0;
  await using proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname.endsWith("/upsert_profiles")) writes++;
      if (isCut && writes > 0 && pathname.endsWith("run")) {
        return Response.json({ code: "08006", message: "cut" }, { status: 500 });
      }
      const { method, headers, body } = request;
      return await fetch(`${mirror.apiUrl}${pathname}${search}`, { method, headers, body });
    },
  );
  serveReconcile(mirror.stack, {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    SUPABASE_URL: `http://127.0.0.1:${proxy.addr.port}`,
  }, { log: () => {} });

  isCut = true;
  const { status } = await ask(mirror, { ...RECONCILE, only: ["users"] });
  assert.equal(status, 503);
  assert.equal(await countRows(mirror, "profiles"), 400, "the page was written");
  isCut = false;
  await expire(mirror);
  await ask(mirror);
  const [run] = await readRuns(mirror);
  assert.deepEqual([run.state, run.slice_count], ["done", 2]);
  assert.deepEqual(findingsOf(run).users, [400, 0, 0, 0, 400]);
});

Deno.test("deletions are counted over all slices before any of them is made", async (t) => {
  await using test = await open();
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 1_500, organizations: 10, members: 3, at: BEGINNING });
  await finishSlices(mirror, { kind: "backfill" });
  const gone = [...clerk.users].filter((_user, index) => index % 10 === 3).map(({ id }) => id);
  for (const id of gone) clerk.users.delete(id);
  const asked = { ...RECONCILE, only: ["users"] };

  await t.step("ten percent of the users are not deleted unasked", async () => {
    const run = await finishSlices(mirror, asked);
    const [users] = run.results;
    assert.deepEqual([users.gone, users.repaired], [150, 0]);
    assert.match(users.kept, /^150 of 1,500 rows of .*profiles .*"allow_deletions": 150/);
    assert.equal(await countRows(mirror, "profiles"), 1_500);
    const rows = await mirror.sql`select object_id from clerk_sync.gone_objects`;
    assert.deepEqual(
      new Set(rows.map(({ object_id }) => object_id)),
      new Set(gone),
      "they can be looked at",
    );
  });

  await t.step("allow_deletions below their number deletes none", async () => {
    const run = await finishSlices(mirror, { ...asked, allow_deletions: 149 });
    assert.equal(run.results[0].repaired, 0);
  });

  await t.step("allow_deletions of their number deletes them", async () => {
    const run = await finishSlices(mirror, { ...asked, allow_deletions: 150 });
    assert.deepEqual(run.results[0].repaired, 150);
    assert.ok(run.slice_count > 3, "the deletions take slices too");
    await assertExact(mirror, clerk);
  });

  await t.step("nothing is deleted if Clerk lists nothing at all", async () => {
    for (const { id } of [...clerk.users]) clerk.users.delete(id);
    const run = await finishSlices(mirror, asked);
    assert.match(run.results[0].kept, /Clerk listed none at all/);
    assert.equal(await countRows(mirror, "profiles"), 1_350);
  });
});

test.underOwnNames("an object that was found gone long ago is looked up again before it is deleted", async () => {
  await using test = await open();
  const { mirror, clerk } = test;
  for (let index = 0; index < 300; index++) clerk.users.add(newUser(BEGINNING + index));
  await finishSlices(mirror, { kind: "backfill", only: ["users"] });
  const [back, away] = [...clerk.users].slice(0, 2);
  assert.ok(back && away);
  clerk.users.delete(back.id);
  clerk.users.delete(away.id);
  await ask(mirror, { ...RECONCILE, only: ["users"] });
  while (await countRows(mirror, "clerk_sync.gone_objects") === 0) await ask(mirror);

  // Clerk had lost it for a while, and the run was held up.
  clerk.users.add(back);
  await mirror.sql`update clerk_sync.gone_objects set asked_at = now() - interval '10 minutes'`;
  let answer = await ask(mirror);
  while (answer.body.state === "open") answer = await ask(mirror);
  const [run] = await readRuns(mirror);
  assert.deepEqual([run.results[0].gone, run.results[0].repaired], [1, 1]);
  await assertExact(mirror, clerk);
  assert.equal(await countRows(mirror, "profiles"), 299);
});

test.underOwnNames("a run that can't succeed fails at once, with the reason", async () => {
  for (
    const [clerkOptions, env, reason] of [
      [{ instanceId: "ins_another" }, {}, /The mirror belongs to the Clerk instance/],
      [{}, { CLERK_SECRET_KEY: "sk_live_of_somebody" }, /^Clerk refuses the key/],
    ] as const
  ) {
    await using test = await open(clerkOptions, {}, env);
    const { mirror } = test;
    await mirror.asService().rpc("claim_instance", { instance_id: "ins_of_the_mirror" });
    const { status, body } = await ask(mirror, { kind: "reconcile" });
    assert.deepEqual([status, body.state], [200, "failed"]);
    assert.match(body.reason, reason);
    const [run] = await readRuns(mirror);
    assert.deepEqual([run.state, run.error], ["failed", body.reason]);
    assert.deepEqual((await ask(mirror)).body, { state: "idle" });
  }
});

test.underOwnNames("a run for another Clerk instance fails with the command that would move the mirror", async () => {
  await using test = await open({ instanceId: "ins_another" });
  const { mirror } = test;
  await mirror.asService().rpc("claim_instance", { instance_id: "ins_of_the_mirror" });
  const { body } = await ask(mirror, { kind: "reconcile" });
  assert.match(body.reason, /run the command "instance --move ins_another" first/);
});

test.underOwnNames("a transient failure postpones a run; ten in a row fail it", async () => {
  let isTroubled = false;
  await using test = await open({ trouble: () => isTroubled ? { status: 503 } : undefined });
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 1_200, organizations: 1, members: 1, at: BEGINNING });
  await ask(mirror, { kind: "backfill", only: ["users"] });
  isTroubled = true;
  const delays = [];
  for (let slice = 1; slice <= 3; slice++) {
    const { body } = await ask(mirror);
    assert.equal(body.state, "open");
    assert.match(body.reason, /Clerk answers 503/);
    const [run] = await mirror.sql`
      select failure_count, extract(epoch from lease_until - now())::float8 as delay
      from clerk_sync.runs`;
    assert.equal(run?.failure_count, slice);
    delays.push(run?.delay);
    assert.equal((await ask(mirror)).body.state, "busy", "it is put off");
    await expire(mirror);
  }
  assert.ok(delays[0] < delays[1] && delays[1] < delays[2], `${delays}`);

  await mirror.sql`update clerk_sync.runs set failure_count = 9`;
  const { body } = await ask(mirror);
  assert.equal(body.state, "failed");
  isTroubled = false;
  const run = await finishSlices(mirror, { kind: "backfill", only: ["users"] });
  assert.equal(run.state, "done");
  assert.equal(run.results[0].count, 1_200, "it went on where the failed one was");
  assert.ok(run.slice_count < 4);
});

test.underOwnNames("a long retry-after from Clerk ends the slice and postpones the run", async () => {
  let isLimited = false;
  await using test = await open({
    trouble: () => isLimited ? { status: 429, retryAfter: 120 } : undefined,
  });
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 600, organizations: 1, members: 1, at: BEGINNING });
  await ask(mirror, { kind: "backfill", only: ["users"] });
  isLimited = true;
  const startedAt = performance.now();
  const { body } = await ask(mirror);
  assert.ok(performance.now() - startedAt < 10_000);
  assert.match(body.reason, /Clerk answers 429/);
  const [run] = await mirror.sql`
    select extract(epoch from lease_until - now())::float8 as delay from clerk_sync.runs`;
  assert.ok(run && run.delay > 100 && run.delay <= 120, `${run?.delay}`);
  isLimited = false;
  await expire(mirror);
  assert.equal((await ask(mirror)).body.state, "done");
});

test.underOwnNames("Clerk's rate limit holds across slices", async () => {
  const secretKey = "sk_test_of_a_test";
  await using test = await open({ secretKey });
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 25_000, organizations: 1, members: 1, at: BEGINNING });
  await finishSlices(mirror, { kind: "backfill", only: ["users"] });
  // Two for each of 50 pages, and one in each slice.
  assert.ok(clerk.requests > 120, `${clerk.requests} requests`);
  assert.ok(clerk.peakPerWindow <= 80, `${clerk.peakPerWindow} in ten seconds`);
});

test.underOwnNames("a command reports the run that is open, and a killed command's run expires", async (t) => {
  await using test = await open();
  const { mirror, clerk } = test;
  fillLarge(clerk, { users: 1_200, organizations: 1, members: 1, at: BEGINNING });
  const env = clerkEnv(clerk, mirror);

  await t.step("an open run of the function is reported", async () => {
    await ask(mirror, { kind: "backfill", asked_by: "schedule" });
    const { code, output } = await finish(taskCommand("reconcile", [], env));
    assert.equal(code, 2, output);
    assert.match(
      output,
      /A backfill is under way: run 1, asked for by the schedule, open since 20/,
    );
    while ((await ask(mirror)).body.state === "open");
  });

  await t.step("a killed command's run is waited for until it expires", async () => {
    await mirror.asService().rpc("begin_run", {
      kind: "reconcile",
      asked_by: "command",
      is_repair: false,
      options: {},
      lease_seconds: 3,
    });
    const { code, output } = await finish(taskCommand("reconcile", [], env));
    assert.equal(code, 0, output);
    assert.match(output, /Run 2 of another command is open: waiting/);
    const runs = await readRuns(mirror);
    assert.deepEqual(runs.map(({ state }) => state), ["done", "failed", "done"]);
  });

  await t.step("a failed run records the reason", async () => {
    const { code } = await finish(
      taskCommand("backfill", [], { ...env, CLERK_SECRET_KEY: "sk_live_of_somebody" }),
    );
    assert.equal(code, 1);
    const [run] = await readRuns(mirror);
    assert.equal(run.state, "failed");
    assert.match(run.error, /^Clerk refuses the key/);
  });

  await t.step(
    "a run that was killed after its last object is finished by the next command",
    async () => {
      const finished = clerk.users.size;
      await mirror.sql`
      insert into clerk_sync.backfill_cursors (resource, last_position, object_count, is_finished)
      values ('users', '{}', ${finished}, true)`;
      const only = ["--only", "users"];
      assert.equal((await finish(taskCommand("backfill", only, env))).code, 0);
      const [run] = await readRuns(mirror);
      assert.deepEqual([run.state, run.results[0].count], ["done", finished]);
      assert.equal(await countRows(mirror, "clerk_sync.backfill_cursors"), 0);
    },
  );

  await t.step("an interrupted run says so, and the next one resumes at its cursors", async () => {
    fillLarge(clerk, { users: 20_000, organizations: 1, members: 1, at: BEGINNING + 10_000 });
    const child = taskCommand("backfill", [], env).spawn();
    while (await countRows(mirror, "profiles") < 3_000) await pause(10);
    child.kill("SIGINT");
    assert.equal((await child.output()).code, 130);
    const [run] = await readRuns(mirror);
    assert.deepEqual([run.state, run.error], ["failed", "It was interrupted"]);
    assert.ok(await countRows(mirror, "clerk_sync.backfill_cursors") > 0);
    assert.equal((await finish(taskCommand("backfill", [], env))).code, 0);
    await assertExact(mirror, clerk);
  });
});

test.underOwnNames("clerk-reconcile answers 401 without the secret key, 405 to GET, 400 to invalid requests", async () => {
  await using test = await open();
  const { mirror } = test;
  const { publishableKey, secretKey } = mirror.keys;
  for (const headers of [{}, { apikey: publishableKey }, { authorization: "Bearer nobody" }]) {
    const { status, body } = await ask(mirror, { kind: "backfill" }, headers);
    assert.deepEqual([status, body], [401, { error: "unauthorized" }]);
  }
  const url = `${mirror.apiUrl}/functions/v1/clerk-reconcile`;
  const get = await fetch(url, { headers: { apikey: secretKey } });
  assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
  await get.body?.cancel();

  const mistakes: [Record<string, unknown>, RegExp][] = [
    [{ kind: "delete" }, /"kind" is invalid/],
    [{ kind: "reconcile", only: ["cats"] }, /"only\.0" is invalid/],
    [{ kind: "reconcile", only: [] }, /"only" is invalid/],
    [{ kind: "reconcile", allow_deletions: -1 }, /"allow_deletions" is invalid/],
    [{ kind: "reconcile", asked_by: "command" }, /"asked_by" is invalid/],
    [{ kind: "reconcile", repairs: true }, /"repairs" is invalid/],
  ];
  for (const [body, complaint] of mistakes) {
    const answer = await ask(mirror, body);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error, "invalid_request");
    assert.match(answer.body.message, complaint);
  }
  const broken = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${secretKey}` },
    body: "{",
  });
  assert.deepEqual([broken.status, (await broken.json()).message], [400, "The body is not JSON"]);
  assert.deepEqual(await readRuns(mirror), []);
});

test.underOwnNames("clerk-reconcile is off without CLERK_SECRET_KEY, and says so", async () => {
  await using test = await open({}, {}, { CLERK_SECRET_KEY: "" });
  const { mirror, lines } = test;
  const { status, body } = await ask(mirror, { kind: "backfill" });
  assert.deepEqual([status, body.error], [500, "misconfigured"]);
  assert.match(body.message, /the function is off\. Set "CLERK_SECRET_KEY"/);
  assert.match(lines.join(), /"variable":"CLERK_SECRET_KEY"/);
  assert.equal((await ask(mirror, { kind: "backfill" }, {})).status, 401);
  assert.deepEqual(await readRuns(mirror), []);
});
