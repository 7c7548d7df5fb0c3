/** What a wrong key, an empty answer, a wrong clock or a mistaken deletion can't do to the mirror. */
import assert from "node:assert/strict";
import { checkInstance } from "../functions/_shared/clerk/check_instance.ts";
import { createClerkSource } from "../functions/_shared/clerk/clerk_source.ts";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { startClerkApi } from "./helpers/clerk/api.ts";
import { clerkEnv } from "./helpers/clerk/env.ts";
import { fillSmall } from "./helpers/clerk/fill.ts";
import { INSTANCE, newMembership, newOrganization, newUser } from "./helpers/clerk/objects.ts";
import { finish } from "./helpers/command.ts";
import { countRows, type Mirror, openOwnMirror } from "./helpers/mirror.ts";

const BEGINNING = Date.UTC(2026, 0, 1);
const LIVE_KEY = "sk_live_of_a_test";
const DAY = 86_400_000;
const OTHER = "ins_2OtherInstanceOfSomebodyElse";

/** All that there is, to be compared: nothing was touched. */
async function snapshot({ sql }: Mirror): Promise<unknown> {
  return [
    [...await sql`select * from profiles order by id`],
    [...await sql`select * from organizations order by id`],
    [...await sql`select * from organization_memberships order by id`],
    [...await sql`select * from clerk_sync.tombstones order by object_id`],
    [...await sql`select * from clerk_sync.mirrored_instance`],
  ];
}

Deno.test("backfill and reconcile with another Clerk instance's key stop before they read or write", async () => {
  await using mirror = await openOwnMirror();
  await using other = startClerkApi({ secretKey: LIVE_KEY, instanceId: OTHER });
  for (const type of ["user.created", "user.created", "organizationMembership.created"]) {
    await mirror.send(sampleEvent(type));
  }
  const before = await snapshot(mirror);
  const env = clerkEnv(other, mirror);
  const attempts: [Parameters<typeof taskCommand>[0], string[], number][] = [
    ["reconcile", [], 2],
    ["reconcile", ["--repair"], 2],
    ["reconcile", ["--repair", "--allow-deletions", "1000000"], 2],
    ["backfill", [], 1],
    ["backfill", ["--dry-run"], 1],
  ];
  for (const [task, args, status] of attempts) {
    const { code, output } = await finish(taskCommand(task, args, env));
    assert.equal(code, status, output);
    assert.match(output, new RegExp(`to the Clerk instance "${INSTANCE}".*to "${OTHER}"`));
    assert.match(output, /Nothing was read or written/);
  }
  assert.deepEqual(await snapshot(mirror), before);
  assert.deepEqual([...other.counts.path.keys()], ["/instance"], "nothing was read");
});

Deno.test("the first event, backfill or reconciliation binds the mirror to its instance; a dry run doesn't", async () => {
  const known = async ({ sql }: Mirror) =>
    (await sql`select instance_id from clerk_sync.mirrored_instance`)[0]?.instance_id;
  for (const task of ["backfill", "reconcile"] as const) {
    await using mirror = await openOwnMirror();
    await using clerk = startClerkApi({ secretKey: LIVE_KEY, instanceId: OTHER });
    const env = clerkEnv(clerk, mirror);
    assert.equal((await finish(taskCommand("backfill", ["--dry-run"], env))).code, 0);
    assert.equal(await known(mirror), undefined);
    await finish(taskCommand(task, [], env));
    assert.equal(await known(mirror), OTHER, task);
    assert.equal((await mirror.send(sampleEvent("user.created"))).outcome, "ignored");
  }
  await using mirror = await openOwnMirror();
  const example = {
    ...sampleEvent("user.created"),
    instance_id: "ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S",
  };
  assert.equal((await mirror.send(example)).outcome, "applied", 'the Dashboard\'s "Send Example"');
  assert.equal(await known(mirror), undefined, "which is of no instance of anybody's");
  await mirror.send(sampleEvent("user.created"));
  assert.equal(await known(mirror), INSTANCE);
});

Deno.test("the first events of two racing instances bind the mirror to one; the other's are ignored", async () => {
  await using mirror = await openOwnMirror();
  const answers = await Promise.all(Array.from({ length: 16 }, async (_, index) => {
    const instance_id = index % 2 === 0 ? INSTANCE : OTHER;
    const { outcome } = await mirror.send({ ...sampleEvent("user.created"), instance_id });
    return [instance_id, outcome];
  }));
  const [row] = await mirror.sql`select instance_id from clerk_sync.mirrored_instance`;
  for (const [instance, outcome] of answers) {
    assert.equal(outcome, instance === row?.instance_id ? "applied" : "ignored");
  }
  assert.equal(await countRows(mirror, "profiles"), 8);
});

Deno.test("another instance's event is ignored and counted, and applied once instance --move adopts it", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  await mirror.send(sampleEvent("user.created"));
  const id = newId("msg");
  const foreign = { ...sampleEvent("user.created"), instance_id: OTHER };
  const malformed = { ...foreign, data: { id: newId("user"), created_at: "yesterday" } };
  assert.equal((await mirror.send(foreign, { id })).outcome, "ignored");
  assert.equal((await mirror.send(malformed)).outcome, "ignored");
  const [row] = await mirror.sql`select * from clerk_sync.foreign_webhooks`;
  assert.deepEqual(
    [row?.instance_id, Number(row?.delivery_count), row?.last_type],
    [OTHER, 2, "user.created"],
  );
  assert.equal(await countRows(mirror, "profiles"), 1);
  assert.equal(await countRows(mirror, "clerk_sync.webhook_events"), 1);
  assert.equal(await countRows(mirror, "clerk_sync.dead_letters"), 0);
  const env = clerkEnv(clerk, mirror);
  const { output } = await finish(taskCommand("reconcile", ["--only", "roles"], env));
  assert.match(
    output,
    new RegExp(`Not applied: webhooks of another Clerk instance, "${OTHER}", 2 so far`),
  );

  // The mirror moves, for whoever says so: what is sent again is applied.
  const instance = (...args: string[]) => finish(taskCommand("instance", args, env));
  assert.match(
    (await instance()).output,
    new RegExp(`^${INSTANCE}\nNot applied: webhooks of ${OTHER}, 2 so far`),
  );
  const unasked = await instance("--move", OTHER);
  assert.equal(unasked.code, 1);
  assert.match(unasked.output, /Add "--yes"/);
  assert.equal((await mirror.send(foreign)).outcome, "ignored");
  assert.equal((await instance("--move", OTHER, "--yes")).code, 0);
  assert.equal((await instance()).output, `${OTHER}\n`);
  assert.equal((await mirror.send(foreign, { id })).outcome, "applied");
  assert.equal((await mirror.send(sampleEvent("user.created"))).outcome, "ignored");
});

Deno.test("a clock two minutes off from the database's stops a run", async () => {
  await using clerk = startClerkApi({ secretKey: LIVE_KEY });
  const source = createClerkSource({ secretKey: LIVE_KEY, apiUrl: clerk.url });
  const check = (offset: number) =>
    checkInstance({
      source,
      database: () =>
        Promise.resolve({
          instance_id: INSTANCE,
          foreign_webhooks: [],
          now: new Date(Date.now() + offset).toISOString(),
        }),
      howToMove: (id) => id,
      warn() {},
    });
  await check(30_000);
  for (const offset of [DAY, -DAY, 120_000]) {
    await assert.rejects(check(offset), /clock and the database's differ by \d+ s/);
  }
});

/** A mirror of an instance, and how to reconcile it. */
async function openBackfilled(fill: (clerk: ReturnType<typeof startClerkApi>) => void) {
  const mirror = await openOwnMirror();
  const clerk = startClerkApi({ secretKey: LIVE_KEY });
  fill(clerk);
  const env = clerkEnv(clerk, mirror);
  const { code, output } = await finish(taskCommand("backfill", [], env));
  assert.equal(code, 0, output);
  return {
    mirror,
    clerk,
    repair: (...args: string[]) =>
      finish(taskCommand("reconcile", ["--grace", "0", "--repair", ...args], env)),
    async [Symbol.asyncDispose]() {
      await clerk[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
    },
  };
}

Deno.test("an empty list from Clerk deletes nobody unless --allow-deletions covers all of them", async () => {
  await using test = await openBackfilled((clerk) => {
    for (let index = 0; index < 3; index++) clerk.users.add(newUser(BEGINNING + index));
  });
  const { mirror, clerk, repair } = test;
  for (const { id } of [...clerk.users]) clerk.users.delete(id);
  const { code, output } = await repair();
  assert.equal(code, 1, output);
  assert.match(output, /^users: 3 of 3 rows of profiles would go, and Clerk listed none at all/m);
  assert.match(output, /--allow-deletions 3" \(user_\w+, user_\w+, user_\w+\)$/m);
  assert.equal(await countRows(mirror, "profiles"), 3);
  assert.equal(await countRows(mirror, "clerk_sync.tombstones"), 0);
  await repair("--allow-deletions", "2");
  assert.equal(await countRows(mirror, "profiles"), 3, "a limit is a limit");
  await repair("--allow-deletions", "3");
  assert.equal(await countRows(mirror, "profiles"), 0);
});

Deno.test("a filled mirror of unknown instance refuses one that knows none of its users, and deletes none unasked", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi({ secretKey: LIVE_KEY, instanceId: OTHER });
  // As events told it that named no instance.
  const created = Array.from({ length: 5 }, () => sampleEvent("user.created"));
  for (const event of created) await mirror.send({ ...event, instance_id: undefined });
  clerk.users.add(newUser(Date.now() - DAY));
  const env = clerkEnv(clerk, mirror);
  for (const [task, status] of [["backfill", 1], ["reconcile", 2]] as const) {
    const { code, output } = await finish(taskCommand(task, [], env));
    assert.equal(code, status, output);
    assert.match(
      output,
      new RegExp(`instance "${OTHER}" knows none of the 5 that it was asked for`),
    );
  }
  assert.equal(await countRows(mirror, "clerk_sync.mirrored_instance"), 0);
  assert.equal(await countRows(mirror, "profiles"), 5);

  // One of the five is there.
  const { id, created_at } = created[0]?.data ?? {};
  clerk.users.add({ ...newUser(created_at), id });
  const args = ["--grace", "0", "--repair"];
  const { output } = await finish(taskCommand("reconcile", args, env));
  assert.match(
    output,
    /^users: 4 of 6 rows of profiles would go, and nothing before this run has shown/m,
  );
  assert.equal(await countRows(mirror, "profiles"), 6);
});

Deno.test("more than 5 percent and 20 rows are deleted only if allowed; the rest is repaired anyway", async () => {
  await using test = await openBackfilled((clerk) => {
    for (let index = 0; index < 500; index++) clerk.users.add(newUser(BEGINNING + index));
  });
  const { mirror, clerk, repair } = test;
  const users = [...clerk.users];
  for (const { id } of users.slice(0, 26)) clerk.users.delete(id);
  clerk.users.update(users[100]?.id ?? "", { first_name: "Grace" });
  const { output } = await repair();
  assert.match(output, /^users: 26 of 500 rows of profiles would go, more than 5 percent/m);
  assert.equal(await countRows(mirror, "profiles"), 500);
  const [mended] = await mirror.sql`
    select first_name from profiles where id = ${users[100]?.id ?? ""}`;
  assert.equal(mended?.first_name, "Grace");
  clerk.users.add(users[0] ?? newUser(BEGINNING));
  await repair();
  assert.equal(await countRows(mirror, "profiles"), 475, "25 are within 5 percent");
});

Deno.test("memberships that would go with an organization count towards the limit on deletions", async () => {
  await using test = await openBackfilled((clerk) => {
    const users = Array.from(
      { length: 100 },
      (_, index) => clerk.users.add(newUser(BEGINNING + index)),
    );
    for (let index = 0; index < 3; index++) {
      const organization = clerk.organizations.add(newOrganization(BEGINNING + index));
      const members = index === 0 ? users : users.slice(0, 5);
      for (const user of members) {
        clerk.memberships.add(newMembership(user, organization, BEGINNING));
      }
    }
  });
  const { mirror, clerk, repair } = test;
  clerk.organizations.delete([...clerk.organizations][0]?.id ?? "");
  const { output } = await repair();
  assert.match(output, /^organizations: 100 of 110 rows of organization_memberships would go/m);
  assert.equal(await countRows(mirror, "organizations"), 3);
  assert.equal(await countRows(mirror, "organization_memberships"), 110);
  await repair("--allow-deletions", "100");
  assert.equal(await countRows(mirror, "organizations"), 2);
  assert.equal(await countRows(mirror, "organization_memberships"), 10);
});

Deno.test("memberships that go with users and with organizations are counted together", async () => {
  await using test = await openBackfilled((clerk) => {
    const users = Array.from(
      { length: 100 },
      (_, index) => clerk.users.add(newUser(BEGINNING + index)),
    );
    for (let index = 0; index < 10; index++) {
      const organization = clerk.organizations.add(newOrganization(BEGINNING + index));
      for (const user of users.slice(index * 10, index * 10 + 15)) {
        clerk.memberships.add(newMembership(user, organization, BEGINNING));
      }
    }
  });
  const { mirror, clerk, repair } = test;
  // Nine users with one membership each, then an organization with fifteen: 24 of 145.
  for (const { id } of [...clerk.users].slice(0, 9)) clerk.users.delete(id);
  clerk.organizations.delete([...clerk.organizations][5]?.id ?? "");
  const { output } = await repair();
  assert.match(output, /^organizations: 24 of 145 rows of organization_memberships would go/m);
  assert.equal(await countRows(mirror, "profiles"), 91);
  assert.equal(await countRows(mirror, "organizations"), 10);
});

Deno.test("an application's rows that a cascade would delete count towards the limit on deletions", async () => {
  await using test = await openBackfilled((clerk) => {
    for (let index = 0; index < 40; index++) clerk.users.add(newUser(BEGINNING + index));
  });
  const { mirror, clerk, repair } = test;
  const [gone, kept] = [...clerk.users];
  assert.ok(gone && kept);
  // In a schema that the secret key may not read.
  await mirror.sql.unsafe(`
    create schema app;
    create table app.todos (
      owner text references public.profiles (id) on delete cascade, task text
    )`);
  for (const id of [gone.id, kept.id]) {
    await mirror.sql`insert into app.todos select ${id}, 'x' from generate_series(1, 30)`;
  }
  clerk.users.delete(gone.id);
  const { output } = await repair();
  assert.match(output, /^users: 30 of 60 rows of app\.todos would go, more than 5 percent/m);
  assert.equal(await countRows(mirror, "profiles"), 40);
  await repair("--allow-deletions", "30");
  assert.equal(await countRows(mirror, "profiles"), 39);
  assert.equal(await countRows(mirror, "app.todos"), 30);
});

Deno.test("a reconciliation restores what was deleted by mistake, with all that belongs to it", async (t) => {
  let small: ReturnType<typeof fillSmall> | undefined;
  await using test = await openBackfilled((clerk) => small = fillSmall(clerk, BEGINNING));
  const { mirror, clerk, repair } = test;
  assert.ok(small);
  const { user, organization, domain } = small;
  const service = mirror.asService();
  const before = await snapshot(mirror);
  // An application holds the user's row: it is erased in place.
  await mirror.sql`create table todos (user_id text references profiles (id))`;
  await mirror.sql`insert into todos values (${user.id})`;

  const webhook = { read_at: new Date(Date.now() - DAY).toISOString() };
  await service.rpc("delete_profile", { user_id: user.id, webhook });
  await service.rpc("delete_organization", { organization_id: organization.id, webhook });
  await service.rpc("delete_organization_domain", { domain_id: domain.id, webhook });
  assert.equal(await countRows(mirror, "organizations"), 0);

  await t.step("a backfill alone doesn't restore it", async () => {
    await finish(taskCommand("backfill", [], clerkEnv(clerk, mirror)));
    assert.equal(await countRows(mirror, "organizations"), 0);
  });

  await t.step("a reconciliation reports and restores it", async () => {
    const { code, output } = await repair();
    assert.equal(code, 1, output);
    assert.match(output, /^ {2}users +1 +0 +0 +1 +0 +1$/m);
    assert.match(output, /^ {2}organizations +1 +0 +0 +1 +0 +1$/m);
    const again = await repair();
    assert.equal(again.code, 0, again.output);
    const withoutTimes = (state: unknown) =>
      JSON.stringify(state, (key, value) => key === "synced_at" ? undefined : value);
    assert.equal(withoutTimes(await snapshot(mirror)), withoutTimes(before));
    assert.equal(await countRows(mirror, "organization_domains"), 1);
  });

  await t.step("a deletion from before that is stale, one from after it is final", async () => {
    const data = { id: user.id };
    const early = sampleEvent("user.deleted", { data, at: Date.now() - DAY });
    assert.equal((await mirror.send(early)).outcome, "stale");
    assert.equal(await countRows(mirror, "organization_memberships"), 1);
    const late = sampleEvent("user.deleted", { data });
    assert.equal((await mirror.send(late)).outcome, "applied");
    assert.equal((await mirror.send(sampleEvent("user.updated", { data }))).outcome, "stale");
    assert.equal(await countRows(mirror, "organization_memberships"), 0);
  });

  await t.step("a user who was deleted just now is left to the next reconciliation", async () => {
    const { output } = await repair();
    assert.match(output, /^ {2}users +1 +0 +0 +0 +0 +0$/m);
    const [row] = await mirror.sql`select deleted_at from profiles`;
    assert.ok(row?.deleted_at);
  });

  await t.step(
    "an erased row goes with the next reconciliation, once nothing references it",
    async () => {
      await mirror.sql`delete from todos`;
      await repair();
      assert.equal(await countRows(mirror, "profiles"), 0);
      assert.equal(await countRows(mirror, "clerk_sync.erased_rows"), 0);
    },
  );
});
