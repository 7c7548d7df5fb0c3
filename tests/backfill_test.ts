/** The backfill command copies a Clerk instance into the mirror, and survives interruptions and errors. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { newId } from "../tools/development/events/new_id.ts";
import { runMeasured } from "../tools/commands/cli/run_measured.ts";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { type ClerkApi, startClerkApi } from "./helpers/clerk/api.ts";
import { fillLarge, fillSmall } from "./helpers/clerk/fill.ts";
import { newMembership, newOrganization, newUser } from "./helpers/clerk/objects.ts";
import { clerkEnv } from "./helpers/clerk/env.ts";
import { finish, task } from "./helpers/command.ts";
import { countRows, type Mirror, openOwnMirror } from "./helpers/mirror.ts";
import { isRenamed, test } from "./helpers/naming.ts";
import { assertExact } from "./helpers/slices.ts";

const BEGINNING = Date.UTC(2026, 0, 1);
const LIVE_KEY = "sk_live_of_a_test";

/**
 * Milliseconds between two webhooks: their load is not what slows the backfill down. One of few users is soon
 * over, and has to be killed before.
 */
const WEBHOOK_PAUSE = isRenamed ? 1 : 25;

const TABLES = [
  "profiles",
  "organizations",
  "organization_memberships",
  "organization_invitations",
  "organization_domains",
  "organization_roles",
  "organization_permissions",
  "waitlist_entries",
  "subscriptions",
  "subscription_items",
  "payment_attempts",
];

Deno.test("backfill writes every resource as a webhook would, and nothing private", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi();
  const { user, organization, invitation } = fillSmall(clerk, BEGINNING);
  const { code, output } = await finish(task("backfill", [], clerkEnv(clerk, mirror)));
  assert.equal(code, 0, output);

  const rows: Record<string, unknown>[] = [];
  for (const table of TABLES) {
    const found = await mirror.sql`select * from ${mirror.sql(table)}`;
    assert.equal(found.length, 1, table);
    rows.push(...found);
    assert.equal(found[0]?.updated_at.valueOf(), BEGINNING, `${table} is no placeholder`);
    assert.ok(found[0]?.synced_at > BEGINNING);
  }
  const [profile] = await mirror.sql`select * from profiles`;
  const [subscription] = await mirror.sql`select * from subscriptions`;
  const [item] = await mirror.sql`select * from subscription_items`;
  assert.equal(profile?.id, user.id);
  assert.equal(profile?.first_name, user.first_name);
  assert.equal(subscription?.organization_id, organization.id, "the payer is the owner");
  assert.deepEqual([item?.organization_id, item?.amount, item?.currency], [
    organization.id,
    2000,
    "USD",
  ]);
  for (const secret of [user.private_metadata, invitation.url]) {
    assert.ok(secret, "the instance has something to hide");
    assert.ok(!JSON.stringify(rows).includes(JSON.stringify(secret).slice(1, -1)));
  }
  assert.equal(await countRows(mirror, "clerk_sync.webhook_events"), 0, "nothing is claimed");
  assert.equal(await countRows(mirror, "clerk_sync.backfill_cursors"), 0, "nothing is left over");
});

test.underOwnNames("backfill takes --only, --dry-run and --since, and skips features that are off in Clerk", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    trouble: ({ path }) => path.startsWith("/billing") ? { status: 403 } : undefined,
  });
  for (let index = 0; index < 1300; index++) clerk.users.add(newUser(BEGINNING + index));
  fillSmall(clerk, BEGINNING);
  const late = clerk.users.add(newUser(BEGINNING, { updated_at: BEGINNING + 86_400_000 * 40 }));
  const run = (...args: string[]) => finish(taskCommand("backfill", args, clerkEnv(clerk, mirror)));
  const counts = async () => [
    await countRows(mirror, "profiles"),
    await countRows(mirror, "organizations"),
    await countRows(mirror, "organization_roles"),
  ];

  const dry = await run("--dry-run");
  assert.match(dry.output, /objects read, nothing written/);
  assert.deepEqual(await counts(), [0, 0, 0]);

  const requests = clerk.counts.path.get("/users") ?? 0;
  const recent = await run("--since", "2026-02-01", "--only", "users,organizations");
  assert.equal(recent.code, 0, recent.output);
  assert.deepEqual(await counts(), [1, 0, 0]);
  assert.equal((await mirror.sql`select id from profiles`)[0]?.id, late.id);
  assert.equal((clerk.counts.path.get("/users") ?? 0) - requests, 1, "no more pages than it takes");

  await run("--only", "roles");
  assert.deepEqual(await counts(), [1, 0, 1]);

  const all = await run();
  assert.equal(all.code, 0, all.output);
  assert.match(all.output, /^subscriptions +left out: Clerk answers 403/m);
  assert.deepEqual(await counts(), [1302, 1, 1]);
});

test.underOwnNames("a failed backfill resumes after what it has finished; --restart begins anew", async () => {
  await using mirror = await openOwnMirror();
  let isBroken = true;
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    trouble: ({ path }) =>
      isBroken && path.startsWith("/organizations") ? { status: 422 } : undefined,
  });
  fillSmall(clerk, BEGINNING);
  const run = (...args: string[]) => finish(taskCommand("backfill", args, clerkEnv(clerk, mirror)));
  const readings = () => clerk.counts.path.get("/users");

  assert.equal((await run()).code, 1);
  isBroken = false;
  const { code, output } = await run();
  assert.equal(code, 0, output);
  assert.match(output, /^users +1 were read before the interruption$/m);
  assert.equal(readings(), 1);
  assert.equal(await countRows(mirror, "organization_memberships"), 1);

  await run();
  assert.equal(readings(), 2, "a run that came to its end leaves nothing to go on from");
  isBroken = true;
  await run();
  await run("--restart");
  assert.equal(readings(), 4);
});

/** As many as memory and chance need; under other names it is enough that it works. */
const LARGE = isRenamed
  ? { users: 4_000, organizations: 400, killedAfter: 500 }
  : { users: 100_000, organizations: 10_000, killedAfter: 2_000 };

Deno.test("a backfill of 100,000 users, killed and resumed among live webhooks, ends complete", async (t) => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  fillLarge(clerk, { ...LARGE, members: 3, at: BEGINNING });
  const users = [...clerk.users];
  const env = clerkEnv(clerk, mirror);
  const webhooks = liveWebhooks(mirror, clerk);

  await t.step("it is killed at a random moment", async () => {
    const child = taskCommand("backfill", [], env).spawn();
    const limit = LARGE.killedAfter + Math.random() * 0.6 * LARGE.users;
    while (await countRows(mirror, "profiles") < limit) {
      await webhooks.send(users[Math.floor(Math.random() * users.length)]?.id ?? "");
      await pause(WEBHOOK_PAUSE);
    }
    child.kill("SIGKILL");
    await child.output();
    assert.ok(await countRows(mirror, "clerk_sync.backfill_cursors") > 0);
  });

  await t.step("it resumes within 300 MB of memory while webhooks go on", async () => {
    const resumed = runMeasured(taskCommand("backfill", [], env));
    let isRunning = true;
    const ended = resumed.finally(() => isRunning = false);
    while (isRunning) {
      await webhooks.send(users[Math.floor(Math.random() * users.length)]?.id ?? "");
      await pause(WEBHOOK_PAUSE);
    }
    const { code, output, peakMemory } = await ended;
    assert.equal(code, 0, output);
    const first = /^users +([\d,]+) of/m.exec(output)?.[1]?.replaceAll(",", "");
    assert.ok(Number(first) >= LARGE.killedAfter - 500, `it began anew: ${output.slice(0, 200)}`);
    assert.ok(peakMemory > 50 && peakMemory < 300, `${peakMemory.toFixed(0)} MB`);
  });

  await t.step(
    "nothing is missing, the newest state wins, and deleted users stay away",
    async () => {
      assert.ok(
        webhooks.updated.size > 0 && webhooks.deleted.size > 0,
        "webhooks were interleaved",
      );
      await assertExact(mirror, clerk);
      const names = await mirror.sql`
      select id, first_name from profiles where id in ${mirror.sql([...webhooks.updated.keys()])}`;
      for (const { id, first_name } of names) assert.equal(first_name, webhooks.updated.get(id));
    },
  );
});

test.underOwnNames("a deletion that arrives between the reading and the writing of a page is respected", async () => {
  await using mirror = await openOwnMirror();
  const [user, other] = [newUser(BEGINNING), newUser(BEGINNING)];
  const organization = newOrganization(BEGINNING);
  await using clerk = startClerkApi({
    async onRequest(path) {
      // The users' page is written by now; that of the memberships holds the deleted user's still.
      if (!path.startsWith("/organization_memberships")) return;
      await mirror.send(deletion(user.id));
    },
  });
  for (const each of [user, other]) {
    clerk.users.add(each);
    clerk.memberships.add(newMembership(each, organization, BEGINNING));
  }
  clerk.organizations.add(organization);
  const { code, output } = await finish(task("backfill", [], clerkEnv(clerk, mirror)));
  assert.equal(code, 0, output);
  assert.deepEqual([...await mirror.sql`select id from profiles`], [{ id: other.id }]);
  assert.deepEqual([...await mirror.sql`select user_id from organization_memberships`], [
    { user_id: other.id },
  ]);
});

function deletion(id: string) {
  const timestamp = Date.now();
  return { type: "user.deleted", timestamp, data: { object: "user", id, deleted: true } };
}

/** Changes users in Clerk and sends the webhooks, one in ten a deletion. */
function liveWebhooks(mirror: Mirror, clerk: ClerkApi) {
  const updated = new Map<string, string>();
  const deleted = new Set<string>();
  let sent = 0;
  return {
    updated,
    deleted,
    async send(id: string): Promise<void> {
      if (clerk.users.get(id) === undefined) return;
      if (sent++ % 10 === 1) {
        clerk.users.delete(id);
        updated.delete(id);
        deleted.add(id);
        assert.equal((await mirror.send(deletion(id))).status, 200);
        return;
      }
      const first_name = newId("name");
      const data = clerk.users.update(id, { first_name });
      updated.set(id, first_name);
      const event = { type: "user.updated", timestamp: data.updated_at, data };
      assert.equal((await mirror.send(event)).status, 200);
    },
  };
}

test.underOwnNames("a list with short pages is read to its end; one that is shorter than Clerk counts is reported", async () => {
  await using mirror = await openOwnMirror();
  let maxPageSize: number | undefined = 100;
  let hidden = 0;
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    maxPageSize: () => maxPageSize,
    total: (truth) => truth + hidden,
  });
  fillLarge(clerk, { users: 1050, organizations: 120, members: 3, at: BEGINNING });
  const env = clerkEnv(clerk, mirror);
  const only = ["--only", "users,organizations,memberships"];
  const complete = await finish(taskCommand("backfill", only, env));
  assert.equal(complete.code, 0, complete.output);
  assert.equal(await countRows(mirror, "profiles"), 1050);
  assert.equal(await countRows(mirror, "organization_memberships"), 360);

  maxPageSize = undefined;
  hidden = 2;
  const short = await finish(taskCommand("backfill", only, env));
  assert.equal(short.code, 1, short.output);
  assert.match(short.output, /^users: Clerk counts 2 objects more than it listed/m);
  const untold = await finish(taskCommand("reconcile", only, env));
  assert.equal(untold.code, 2, untold.output);
  assert.match(untold.output, /^memberships: Clerk counts 2 objects more than it listed/m);

  hidden = 0;
  assert.equal((await finish(taskCommand("backfill", only, env))).code, 0);
  assert.equal((await finish(taskCommand("reconcile", only, env))).code, 0);
});

test.underOwnNames("backfill keeps Clerk's rate limit, and retries 429, 5xx, slow answers and broken connections", async () => {
  await using mirror = await openOwnMirror();
  let limited = 0;
  await using clerk = startClerkApi({
    rateLimit: { requests: 100, milliseconds: 10_000 },
    trouble({ path, times }) {
      if (path.includes("/count")) return undefined;
      if (path.startsWith("/users") && times === 1) return { status: 500 };
      if (path.startsWith("/users") && times === 2) return "cut";
      if (path.startsWith("/organizations") && times === 1) {
        limited = Date.now();
        return { status: 429, retryAfter: 2 };
      }
      if (path.startsWith("/organizations") && times === 2) {
        assert.ok(Date.now() - limited >= 2000, "the pause that Clerk asks for is kept");
        return { delay: 1500 };
      }
      return undefined;
    },
  });
  for (let index = 0; index < 1200; index++) clerk.users.add(newUser(BEGINNING + index));
  for (let index = 0; index < 10; index++) clerk.organizations.add(newOrganization(BEGINNING));
  const { code, output } = await finish(task("backfill", [], clerkEnv(clerk, mirror)));
  assert.equal(code, 0, output);
  assert.match(output, /Clerk answers 500: .*; trying again/);
  assert.match(output, /Clerk can't be reached: .*; trying again/);
  assert.deepEqual(
    [await countRows(mirror, "profiles"), await countRows(mirror, "organizations")],
    [
      1200,
      10,
    ],
  );
  assert.ok(clerk.peakPerWindow <= 80, `${clerk.peakPerWindow} requests in 10 s`);
});

test.underOwnNames("objects that can't be mirrored are named, and stop no others", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi();
  const users = Array.from(
    { length: 40 },
    (_, index) => clerk.users.add(newUser(BEGINNING + index)),
  );
  // One that the schema refuses, and one of a time that only Postgres does.
  const [malformed, prehistoric] = [users[7], users[23]];
  assert.ok(malformed && prehistoric);
  clerk.users.update(malformed.id, { username: 42, updated_at: BEGINNING });
  clerk.users.update(prehistoric.id, { last_sign_in_at: -8.64e12, updated_at: BEGINNING });
  const { code, output } = await finish(task("backfill", [], clerkEnv(clerk, mirror)));
  assert.equal(code, 1);
  assert.match(output, /^2 objects can't be mirrored:$/m);
  assert.match(output, new RegExp(`users ${malformed.id}: .*"data.username" is invalid`));
  assert.match(output, new RegExp(`users ${prehistoric.id}: 22`));
  assert.equal(await countRows(mirror, "profiles"), 38);
});

test.underOwnNames("backfill stops with a plain message where a retry can't help", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({
    trouble: ({ path }) => path.startsWith("/organizations") ? { status: 422 } : undefined,
  });
  const env = clerkEnv(clerk, mirror);
  const wrongUrl = { ...env, SUPABASE_URL: "http://127.0.0.1:1" };
  const wrongKey = { ...env, SUPABASE_SECRET_KEYS: '{"default":"sb_secret_other"}' };
  const mistakes: [string[], Record<string, string>, RegExp][] = [
    [[], { ...env, CLERK_SECRET_KEY: "sk_test_other" }, /^Clerk refuses the key/m],
    [
      [],
      { ...env, CLERK_SECRET_KEY: "" },
      /^CLERK_SECRET_KEY: The secret key of the Clerk instance is not set/m,
    ],
    [[], { ...env, SUPABASE_URL: "" }, /^SUPABASE_URL: The address of the project is not set/m],
    [[], { ...env, CLERK_SECRET_KEY: "pk_test_x" }, /neither "sk_live_" nor "sk_test_"/],
    [[], { ...env, CLERK_API_URL: "clerk" }, /^CLERK_API_URL: The address of Clerk's API is not/m],
    [["--only", "organizations"], env, /^Clerk answers 422: /m],
    [[], wrongUrl, /^The project can't be used/m],
    [[], wrongKey, /^The project can't be used/m],
    [
      ["--only", "users,cats"],
      env,
      /There is no resource "cats"\. There are: users, organizations/,
    ],
    [["--since", "tomorrowish"], env, /is not a date/],
    [["--verbose"], env, /Unknown option/],
  ];
  for (const [args, variables, complaint] of mistakes) {
    const { code, output } = await finish(taskCommand("backfill", args, variables));
    assert.equal(code, 1, output);
    assert.match(output, complaint);
    assert.ok(!output.includes("    at "), `a sentence, no stack trace: ${output}`);
  }
  assert.equal(clerk.counts.path.get("/organizations"), 1, "a refused question is not repeated");
});
