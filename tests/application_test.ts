/** What an application adds to the mirrored tables neither stops the mirror nor is touched by it. */
import assert from "node:assert/strict";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sample, sampleEvent, sampleTypes } from "../tools/development/events/sample_event.ts";
import {
  addApplicationColumns,
  APPLICATION_DEFAULTS,
  mirroredTables,
} from "./helpers/application.ts";
import { startClerkApi } from "./helpers/clerk/api.ts";
import { clerkEnv } from "./helpers/clerk/env.ts";
import { fillSmall } from "./helpers/clerk/fill.ts";
import { finish } from "./helpers/command.ts";
import { commandEnv, type Mirror, openOwnMirror } from "./helpers/mirror.ts";

async function rowOf({ sql }: Mirror, table: string, id: string) {
  const [row] = await sql`select * from ${sql(table)} where id = ${id}`;
  return row;
}

Deno.test("an application's own columns keep their defaults and values, whatever the event", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const tables = new Set(await addApplicationColumns(sql));
  for (const type of sampleTypes()) {
    const { event, row } = sample(type);
    if (!row?.values) continue;
    const { table } = row;
    assert.equal((await mirror.send(event)).outcome, "applied", type);
    const { app_note, app_credits, app_plan, app_label, app_number } =
      await rowOf(mirror, table, event.data.id) ?? {};
    assert.deepEqual({ app_note, app_credits, app_plan }, APPLICATION_DEFAULTS, type);
    assert.equal(app_label, `object ${event.data.id}`);
    assert.ok(Number(app_number) > 0);

    await sql`
      update ${sql(table)} set app_note = null, app_credits = 99 where id = ${event.data.id}`;
    const later = sampleEvent(type, { data: { id: event.data.id }, at: Date.now() + 1000 });
    assert.equal((await mirror.send(later)).outcome, "applied", type);
    const updated = await rowOf(mirror, table, event.data.id);
    assert.deepEqual(
      [updated?.app_note, updated?.app_credits, Number(updated?.synced_at)],
      [null, 99, later.timestamp],
      type,
    );
    tables.delete(table);
  }
  assert.deepEqual([...tables], [], "every mirrored table was written");
});

Deno.test("a backfill and a reconciliation leave an application's own columns alone", async () => {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi();
  const { sql } = mirror;
  const { user } = fillSmall(clerk, Date.UTC(2026, 0, 1));
  await addApplicationColumns(sql);
  const env = clerkEnv(clerk, mirror);
  assert.equal((await finish(taskCommand("backfill", [], env))).code, 0);
  for (const table of await mirroredTables(sql)) {
    if (table === "session_logs") continue;
    const [row] = await sql`select app_note, app_credits, app_plan from ${sql(table)}`;
    assert.deepEqual({ ...row }, APPLICATION_DEFAULTS, table);
  }
  await sql`update profiles set app_credits = 99`;
  clerk.users.update(user.id, { first_name: "Grace" });
  await finish(taskCommand("reconcile", ["--repair", "--grace", "0"], env));
  const profile = await rowOf(mirror, "profiles", user.id);
  assert.deepEqual([profile?.first_name, profile?.app_credits], ["Grace", 99]);
});

/** What an application may forbid, and how the reason of a dead letter begins and what it names. */
const RULES: { what: string; sql: string; drop: string; reason: RegExp }[] = [
  {
    what: "a unique index",
    sql: "create unique index app_one_email on profiles (email)",
    drop: "drop index app_one_email",
    reason: /^23505: .*"app_one_email"/,
  },
  {
    what: "a check constraint",
    sql: "alter table profiles add constraint app_company_only check (email like '%@example.org')",
    drop: "alter table profiles drop constraint app_company_only",
    reason: /^23514: .*"app_company_only"/,
  },
  {
    what: "a column that must not be null",
    sql: "alter table profiles alter column locked set not null",
    drop: "alter table profiles alter column locked drop not null",
    reason: /^23502: .*"locked"/,
  },
  {
    what: "a trigger that raises",
    sql: `create function app_objects() returns trigger language plpgsql as $$
      begin raise exception 'not with us'; end $$;
      create trigger app_objects before insert on profiles for each row execute function app_objects()`,
    drop: "drop trigger app_objects on profiles",
    reason: /^P0001: not with us/,
  },
];

Deno.test("an event that an application's rule forbids becomes a dead letter that names the rule, and can be replayed without it", async (t) => {
  for (const { what, sql: rule, drop, reason } of RULES) {
    await t.step(what, async () => {
      await using mirror = await openOwnMirror();
      const { sql } = mirror;
      await mirror.send(sampleEvent("user.created"));
      if (reason.source.includes("company")) await sql`truncate profiles cascade`;
      await sql.unsafe(rule);
      const event = sampleEvent("user.created", {
        data: what.includes("null") ? { locked: null } : {},
      });
      const id = newId("msg");
      assert.equal((await mirror.send(event, { id })).status, 202);
      const letters = await sql`select reason, payload from clerk_sync.dead_letters`;
      assert.match(letters[0]?.reason, reason);
      assert.equal(letters[0]?.payload.data.id, event.data.id);

      // Organizations have nothing to do with it; and once the rule is gone, the event can be replayed.
      assert.equal((await mirror.send(sampleEvent("organization.created"))).outcome, "applied");
      await sql.unsafe(drop);
      const { code, output } = await finish(
        taskCommand("dead-letters", ["--replay", id], {
          ...commandEnv(mirror),
          SUPABASE_SECRET_KEY: mirror.keys.secretKey,
        }),
      );
      assert.deepEqual([code, output], [0, `${id} user.created applied\n`]);
      assert.equal((await rowOf(mirror, "profiles", event.data.id))?.first_name, "Ada");
      assert.equal((await sql`select from clerk_sync.dead_letters`).length, 0);
      assert.equal((await mirror.send(event, { id })).outcome, "duplicate");
    });
  }
});

/** The ways of an application to hold on to a row; the last one can't set null what must not be. */
const HOLDS = [
  "",
  "on delete restrict",
  "deferrable initially deferred",
  "on delete set null not null",
];

Deno.test("an application's foreign key doesn't block a deletion: the row is erased in place", async (t) => {
  for (const hold of HOLDS) {
    await t.step(hold || "no on delete clause", async (t) => {
      await using mirror = await openOwnMirror();
      const { sql } = mirror;
      const created = sampleEvent("organizationMembership.created");
      const { organization, public_user_data: { user_id: userId } } = created.data;
      const invitation = sampleEvent("organizationInvitation.created", {
        data: { organization_id: organization.id },
      });
      const session = sampleEvent("session.created", { data: { user_id: userId } });
      for (const event of [created, session, invitation]) {
        assert.equal((await mirror.send(event)).outcome, "applied");
      }
      await sql`alter table profiles add column app_note text default 'ours'`;
      await sql.unsafe(`
        create table todos (user_id text references profiles (id) ${hold}, task text);
        create table plans (organization_id text references organizations (id) ${hold});
        create table shares (membership_id text references organization_memberships (id) ${hold});
      `);
      await sql`insert into todos values (${userId}, 'buy milk')`;
      await sql`insert into plans values (${organization.id})`;
      await sql`insert into shares values (${created.data.id})`;
      const at = Date.now();
      for (const type of ["user.deleted", "organization.deleted"]) {
        const id = type === "user.deleted" ? userId : organization.id;
        const event = sampleEvent(type, { data: { id }, at });
        assert.equal((await mirror.send(event)).outcome, "applied", type);
        assert.equal((await mirror.send(event)).outcome, "stale", "once more, as another webhook");
      }

      const erased = [
        ["profiles", userId, {}, { app_note: "ours" }],
        ["organizations", organization.id, {}, {}],
        ["organization_memberships", created.data.id, {
          organization_id: organization.id,
          user_id: userId,
        }, {}],
      ] as const;
      for (const [table, id, owners, own] of erased) {
        const { version: _version, ...columns } = await rowOf(mirror, table, id) ?? {};
        const left = Object.entries(columns).filter(([, value]) => value !== null);
        assert.deepEqual(
          Object.fromEntries(left),
          { id, deleted_at: new Date(at), ...owners, ...own },
          table,
        );
        const tombstones = await sql`select from clerk_sync.tombstones where object_id = ${id}`;
        assert.equal(tombstones.length, table === "organization_memberships" ? 0 : 1);
        // The secret key sees it, the deleted user with a token that is still valid does not.
        const name: "profiles" = table as "profiles";
        assert.equal((await mirror.asService().from(name).select().eq("id", id)).data?.length, 1);
        const client = mirror.asUser(userId);
        assert.deepEqual((await client.from(name).select().eq("id", id)).data, []);
      }
      for (const table of ["session_logs", "organization_invitations"]) {
        assert.equal((await sql`select from ${sql(table)}`).length, 0, table);
      }
      assert.equal((await sql`select from clerk_sync.dead_letters`).length, 0);
      assert.equal((await sql`select task from todos`)[0]?.task, "buy milk");

      await t.step("late events don't fill an erased row again", async () => {
        for (const type of ["user.updated", "organization.updated"]) {
          const id = type === "user.updated" ? userId : organization.id;
          const late = sampleEvent(type, { data: { id }, at: Date.now() + 1000 });
          assert.equal((await mirror.send(late)).outcome, "stale");
        }
        const late = { ...created, timestamp: Date.now() };
        assert.equal((await mirror.send(late)).outcome, "stale");
        const [row] = await sql`select email, deleted_at from profiles where id = ${userId}`;
        assert.deepEqual({ ...row }, { email: null, deleted_at: new Date(at) });
      });

      await t.step(
        "an erased row is pruned once nothing references it, and not before",
        async () => {
          const prune = async () => (await mirror.asService().rpc("prune_erased_rows")).data;
          assert.deepEqual(await prune(), { removed: 0, held: 3, last: null });
          await sql`delete from shares`;
          await sql`delete from todos`;
          assert.deepEqual(await prune(), { removed: 2, held: 1, last: null });
          await sql`delete from plans`;
          assert.deepEqual(await prune(), { removed: 1, held: 0, last: null });
          for (const [table] of erased) {
            assert.equal((await sql`select from ${sql(table)}`).length, 0, table);
          }
        },
      );
    });
  }
});

Deno.test("a deleted membership gives no access, even while the application references it", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const created = sampleEvent("organizationMembership.created");
  const { organization, public_user_data: { user_id: userId } } = created.data;
  await mirror.send(created);
  await sql`create table shares (membership_id text references organization_memberships (id))`;
  await sql`insert into shares values (${created.data.id})`;
  const client = mirror.asUser(userId);
  const visible = async () => (await client.from("organizations").select("id")).data;
  assert.deepEqual(await visible(), [{ id: organization.id }]);
  const deleted = { ...created, type: "organizationMembership.deleted" };
  assert.equal((await mirror.send(deleted)).outcome, "applied");
  assert.deepEqual(await visible(), []);
  assert.deepEqual((await client.from("organization_memberships").select()).data, []);
});

Deno.test("deleting an organization with 5,000 members leaves only the memberships that are referenced", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const event = sampleEvent("organization.created");
  await mirror.send(event);
  const organization = { ...event.data, id: event.data.id };
  const users = Array.from({ length: 5000 }, () => newId("user"));
  const now = new Date().toISOString();
  const rows = users.map((user_id) => ({
    id: newId("orgmem"),
    organization_id: organization.id,
    user_id,
    created_at: now,
    updated_at: now,
  }));
  const { error } = await mirror.asService().rpc("upsert_organization_memberships", {
    memberships: rows,
    organizations: [],
    profiles: users.map((id) => ({ id })),
  });
  assert.equal(error, null);
  await sql`create table shares (membership_id text references organization_memberships (id))`;
  await sql`create index on shares (membership_id)`;
  const held = [rows[7]?.id ?? "", rows[4321]?.id ?? ""];
  for (const id of held) await sql`insert into shares values (${id})`;
  const deleted = sampleEvent("organization.deleted", { data: { id: organization.id } });
  assert.equal((await mirror.send(deleted)).outcome, "applied");
  const left = await sql`select id from organization_memberships order by id`;
  assert.deepEqual(left.map(({ id }) => id), held.sort());
});

Deno.test("a deletion that a trigger forbids becomes a dead letter, and is applied once the trigger is gone", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const created = sampleEvent("user.created");
  await mirror.send(created);
  await sql.unsafe(`
    create function app_keeps() returns trigger language plpgsql as $$
      begin raise exception 'we keep them'; end $$;
    create trigger app_keeps before delete on profiles for each row execute function app_keeps()`);
  const deleted = sampleEvent("user.deleted", { data: { id: created.data.id } });
  const id = newId("msg");
  assert.equal((await mirror.send(deleted, { id })).status, 202);
  assert.match(
    (await sql`select reason from clerk_sync.dead_letters`)[0]?.reason,
    /^P0001: we keep them/,
  );
  await sql`drop trigger app_keeps on profiles`;
  assert.equal((await mirror.send(deleted, { id })).outcome, "applied");
  assert.equal(await rowOf(mirror, "profiles", created.data.id), undefined);
});

Deno.test("a trigger that silently cancels a deletion keeps no data: the row is erased in place", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const created = sampleEvent("user.created");
  await mirror.send(created);
  await sql.unsafe(`
    create function app_ignores() returns trigger language plpgsql as $$
      begin return null; end $$;
    create trigger app_ignores before delete on profiles for each row execute function app_ignores()`);
  const deleted = sampleEvent("user.deleted", { data: { id: created.data.id } });
  assert.equal((await mirror.send(deleted)).outcome, "applied");
  const row = await rowOf(mirror, "profiles", created.data.id);
  assert.deepEqual([row?.email, row?.first_name, row?.deleted_at !== null], [null, null, true]);
  assert.deepEqual(
    (await mirror.asService().rpc("prune_erased_rows")).data,
    { removed: 0, held: 1, last: null },
  );
});

Deno.test("an event whose placeholder breaks an application's rule becomes a dead letter", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  await sql`alter table organizations add constraint app_named check (name is not null)`;
  const created = sampleEvent("organizationMembership.created");
  assert.equal((await mirror.send(created)).outcome, "applied", "the snapshot has a name");
  const nameless = sampleEvent("organizationInvitation.created", {
    data: { public_organization_data: null },
  });
  const answer = await mirror.send(nameless);
  assert.equal(answer.status, 202);
  assert.match(
    (await sql`select reason from clerk_sync.dead_letters`)[0]?.reason,
    /^23514: .*"app_named"/,
  );
});
