/** The reconcile command compares the mirror with Clerk, and repairs what differs. */
import assert from "node:assert/strict";
import { runMeasured } from "../tools/commands/cli/run_measured.ts";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { startClerkApi } from "./helpers/clerk/api.ts";
import { clerkEnv } from "./helpers/clerk/env.ts";
import { fillLarge, fillSmall } from "./helpers/clerk/fill.ts";
import { newMembership, newOrganization, newUser } from "./helpers/clerk/objects.ts";
import { finish, task } from "./helpers/command.ts";
import { countRows, openOwnMirror } from "./helpers/mirror.ts";
import { test } from "./helpers/naming.ts";

const BEGINNING = Date.UTC(2026, 0, 1);
const LIVE_KEY = "sk_live_of_a_test";

const NONE = "0 0 0 0";

/** The differences that the table shows, by resource: missing, outdated, buried, gone. */
function differencesIn(output: string): Record<string, string> {
  const rows = output.matchAll(/^ {2}(\w+) +\d+ +(\d+) +(\d+) +(\d+) +(\d+)(?: +\d+)?$/gm);
  return Object.fromEntries([...rows].map(([, name, ...counts]) => [name, counts.join(" ")]));
}

Deno.test("reconcile reports missing, outdated and gone objects, and --repair fixes them", async (t) => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  const small = fillSmall(clerk, BEGINNING);
  const stays = clerk.users.add(newUser(BEGINNING + 1));
  const env = clerkEnv(clerk, mirror);
  await finish(taskCommand("backfill", [], env));
  const reconcile = (...args: string[]) =>
    finish(task("reconcile", ["--grace", "0", ...args], env));

  await t.step("a mirror that is in order shows no differences", async () => {
    const { code, output } = await reconcile();
    assert.equal(code, 0, output);
    const differences = differencesIn(output);
    assert.equal(Object.keys(differences).length, 11);
    assert.deepEqual(new Set(Object.values(differences)), new Set([NONE]));
  });

  // What the webhooks of a bad week would have told.
  clerk.users.add(newUser(BEGINNING + 2));
  clerk.users.update(stays.id, { first_name: "Grace" });
  const other = clerk.organizations.add(newOrganization(BEGINNING + 3));
  clerk.memberships.add(newMembership(stays, other, BEGINNING + 3));
  clerk.roles.update(small.role.id, { name: "Changed" });
  clerk.subscriptionItems.update(small.subscriptionItem.id, { status: "past_due" });
  for (
    const [store, object] of [
      [clerk.invitations, small.invitation],
      [clerk.domains, small.domain],
      [clerk.permissions, small.permission],
      [clerk.waitlistEntries, small.waitlistEntry],
      // With the membership that belongs to it.
      [clerk.users, small.user],
    ] as const
  ) store.delete(object.id);

  const expected = {
    users: "1 1 0 1",
    organizations: "1 0 0 0",
    memberships: "1 0 0 1",
    invitations: "0 0 0 1",
    domains: "0 0 0 1",
    roles: "0 1 0 0",
    permissions: "0 0 0 1",
    waitlist_entries: "0 0 0 1",
    subscriptions: NONE,
    subscription_items: "0 1 0 0",
    payment_attempts: NONE,
  };

  await t.step("it finds every difference, and changes nothing", async () => {
    const before = await mirror.sql`select * from profiles order by id`;
    const { code, output } = await reconcile();
    assert.equal(code, 1, output);
    assert.deepEqual(differencesIn(output), expected);
    assert.deepEqual([...await mirror.sql`select * from profiles order by id`], [...before]);
  });

  await t.step("an object that was updated just now is left to its webhook", async () => {
    const { output } = await finish(task("reconcile", ["--only", "roles,users"], env));
    assert.deepEqual(differencesIn(output), { users: "1 0 0 1", roles: NONE });
  });

  await t.step("--only compares only the resources that it names", async () => {
    const { output } = await reconcile("--only", "roles");
    assert.deepEqual(differencesIn(output), { roles: "0 1 0 0" });
  });

  await t.step(
    "--repair fixes them, but deletes nothing merely because a list is empty",
    async () => {
      const { code, output } = await reconcile("--repair");
      assert.equal(code, 1, output);
      // The user's membership went with the user.
      assert.deepEqual(differencesIn(output), { ...expected, memberships: "1 0 0 0" });
      for (const name of ["invitations", "domains", "permissions", "waitlist_entries"]) {
        assert.match(output, new RegExp(`^${name}: 1 of 1 rows .* "--allow-deletions 1"`, "m"));
      }
      const { output: left } = await reconcile();
      assert.deepEqual(
        new Set(Object.entries(differencesIn(left)).map(([, counts]) => counts)),
        new Set([NONE, "0 0 0 1"]),
      );
    },
  );

  await t.step("--allow-deletions deletes the rest", async () => {
    await reconcile("--repair", "--allow-deletions", "1");
    const again = await reconcile();
    assert.equal(again.code, 0, again.output);
    const [profile] = await mirror.sql`select first_name from profiles where id = ${stays.id}`;
    assert.equal(profile?.first_name, "Grace");
  });

  await t.step("a late event brings nothing back that was gone", async () => {
    const answer = await mirror.send({
      type: "user.updated",
      timestamp: Date.now(),
      data: { ...small.user, updated_at: Date.now() },
    });
    assert.equal(answer.outcome, "stale");
  });
});

test.underOwnNames("an object that a list lacks is deleted only if Clerk doesn't have it by its id either", async () => {
  await using mirror = await openOwnMirror();
  const hidden = newUser(BEGINNING + 700);
  await using clerk = startClerkApi({
    secretKey: LIVE_KEY,
    onRequest(path) {
      // A list that was read at a bad moment, again and again.
      if (path.startsWith("/users?")) clerk.users.delete(hidden.id);
      else if (!clerk.users.get(hidden.id)) clerk.users.add(hidden);
    },
  });
  for (let index = 0; index < 1400; index++) clerk.users.add(newUser(BEGINNING + index));
  const env = clerkEnv(clerk, mirror);
  await finish(taskCommand("backfill", ["--only", "users"], env));
  await mirror.send({ type: "user.created", timestamp: Date.now(), data: hidden });
  const { code, output } = await finish(
    taskCommand("reconcile", ["--only", "users", "--repair", "--grace", "0"], env),
  );
  assert.equal(code, 0, output);
  assert.equal(await countRows(mirror, "profiles"), 1401);
});

test.underOwnNames("a placeholder counts as outdated if Clerk has the object, and as gone if not", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  const organization = newOrganization(BEGINNING);
  const [kept, gone] = [newUser(BEGINNING), newUser(BEGINNING + 5)];
  clerk.organizations.add(organization);
  clerk.users.add(kept);
  for (const user of [kept, gone]) {
    const data = newMembership(user, organization, BEGINNING);
    if (user === kept) clerk.memberships.add(data);
    await mirror.send({ type: "organizationMembership.created", timestamp: BEGINNING, data });
  }
  const env = clerkEnv(clerk, mirror);
  const run = (...args: string[]) =>
    finish(taskCommand("reconcile", ["--grace", "0", ...args], env));
  const found = differencesIn((await run()).output);
  assert.deepEqual([found.users, found.organizations, found.memberships], [
    "0 1 0 1",
    "0 1 0 0",
    "0 0 0 1",
  ]);
  await run("--repair");
  assert.equal((await run()).code, 0);
  const rows = await mirror.sql`select id, first_name from profiles`;
  assert.deepEqual([...rows], [{ id: kept.id, first_name: kept.first_name }]);
});

test.underOwnNames("reconcile compares 50,000 users within 300 MB of memory", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  fillLarge(clerk, { users: 50_000, organizations: 2_000, members: 3, at: BEGINNING });
  const env = clerkEnv(clerk, mirror);
  await finish(taskCommand("backfill", [], env));
  const users = [...clerk.users];
  for (let index = 0; index < users.length; index += 1000) {
    clerk.users.delete(users[index]?.id ?? "");
    clerk.users.update(users[index + 1]?.id ?? "", { first_name: "Changed" });
    await mirror.sql`delete from profiles where id = ${users[index + 2]?.id ?? ""}`;
  }
  const args = ["--only", "users", "--grace", "0"];
  const { code, output, peakMemory } = await runMeasured(
    taskCommand("reconcile", [...args, "--repair"], env),
  );
  assert.equal(code, 1, output);
  assert.deepEqual(differencesIn(output), { users: "50 50 0 50" });
  assert.ok(peakMemory > 50 && peakMemory < 300, `${peakMemory.toFixed(0)} MB`);
  assert.equal((await finish(taskCommand("reconcile", args, env))).code, 0);
});

test.underOwnNames("reconcile exits with 2 if it can't compare", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi();
  const env = clerkEnv(clerk, mirror);
  const mistakes: [string[], Record<string, string>, RegExp][] = [
    [[], { ...env, CLERK_SECRET_KEY: "sk_test_other" }, /^Clerk refuses the key/m],
    [[], { ...env, SUPABASE_URL: "http://127.0.0.1:1" }, /^The project can't be used/m],
    [["--grace", "soon"], env, /not a number of seconds/],
    [["--only", "cats"], env, /There is no resource "cats"/],
  ];
  for (const [args, variables, complaint] of mistakes) {
    const { code, output } = await finish(taskCommand("reconcile", args, variables));
    assert.equal(code, 2, output);
    assert.match(output, complaint);
  }
});
