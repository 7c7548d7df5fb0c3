/** The final state is the same in whatever order, however often and however concurrently events arrive. */
import assert from "node:assert/strict";
import { newId } from "../tools/development/events/new_id.ts";
import { type SampleEvent, sampleEvent } from "../tools/development/events/sample_event.ts";
import { type Mirror, openMirror } from "./helpers/mirror.ts";

const MINUTE = 60_000;
const now = Date.now();

async function outcomes(mirror: Mirror, ...events: SampleEvent[]): Promise<string[]> {
  const answers = [];
  for (const event of events) answers.push((await mirror.send(event)).outcome);
  return answers;
}

async function firstName(mirror: Mirror, userId: string): Promise<string | undefined> {
  return (await mirror.sql`select first_name from profiles where id = ${userId}`)[0]?.first_name;
}

async function ids(mirror: Mirror, table: string, column: string, id: string): Promise<string[]> {
  const { sql } = mirror;
  const rows = await sql`select id from ${sql(table)} where ${sql(column)} = ${id} order by id`;
  return rows.map((row) => row.id);
}

Deno.test("a redelivered webhook is a duplicate and changes nothing", async () => {
  await using mirror = await openMirror();
  const id = newId("msg");
  const event = sampleEvent("user.created");
  const answers = [];
  for (let delivery = 0; delivery < 3; delivery++) {
    const { status, outcome } = await mirror.send(event, { id, at: Date.now() - delivery * 1000 });
    answers.push([status, outcome]);
  }
  assert.deepEqual(answers, [[200, "applied"], [200, "duplicate"], [200, "duplicate"]]);
  const ledger = await mirror.sql`
    select type, object_id, outcome from clerk_sync.webhook_events where id = ${id}`;
  assert.deepEqual(ledger.map((row) => ({ ...row })), [
    { type: "user.created", object_id: event.data.id, outcome: "applied" },
  ]);
});

Deno.test("eight concurrent deliveries of one webhook are applied exactly once", async () => {
  await using mirror = await openMirror();
  for (let round = 0; round < 5; round++) {
    const id = newId("msg");
    const event = sampleEvent("session.created");
    const answers = await Promise.all(Array.from({ length: 8 }, () => mirror.send(event, { id })));
    assert.deepEqual(
      answers.map(({ outcome }) => outcome).sort(),
      ["applied", ...Array(7).fill("duplicate")],
    );
  }
});

Deno.test("upsert_profiles() keeps the newer row when a stale event arrives", async () => {
  await using mirror = await openMirror();
  const id = newId("user");
  const newer = sampleEvent("user.updated", { at: now, data: { id, first_name: "New" } });
  const older = sampleEvent("user.updated", { at: now - MINUTE, data: { id, first_name: "Old" } });
  assert.deepEqual(await outcomes(mirror, newer, older), ["applied", "stale"]);
  assert.equal(await firstName(mirror, id), "New");
});

Deno.test("a user.created that arrives after its user.updated is stale", async () => {
  await using mirror = await openMirror();
  const created = sampleEvent("user.created", { at: now - MINUTE });
  const { id } = created.data;
  const updated = sampleEvent("user.updated", { at: now, data: { id, first_name: "Updated" } });
  assert.deepEqual(await outcomes(mirror, updated, created), ["applied", "stale"]);
  assert.equal(await firstName(mirror, id), "Updated");
});

Deno.test("equal versions are decided by the time of the event, whichever arrives first", async () => {
  await using mirror = await openMirror();
  for (const isReversed of [false, true]) {
    const id = newId("user");
    const updated_at = now - MINUTE;
    const first = sampleEvent("user.updated", {
      at: now - 10,
      data: { id, updated_at, first_name: "First" },
    });
    const second = sampleEvent("user.updated", {
      at: now,
      data: { id, updated_at, first_name: "Second" },
    });
    await outcomes(mirror, ...(isReversed ? [second, first] : [first, second]));
    assert.equal(await firstName(mirror, id), "Second");
  }
});

Deno.test("equal versions at equal times are decided by the webhook id, whichever arrives first", async () => {
  await using mirror = await openMirror();
  for (const isReversed of [false, true]) {
    const id = newId("user");
    const [lower, higher] = [`msg_A${newId("x")}`, `msg_a${newId("x")}`];
    const deliveries = [
      { name: "Lower", webhookId: lower },
      { name: "Higher", webhookId: higher },
    ];
    for (const { name, webhookId } of isReversed ? deliveries.reverse() : deliveries) {
      const event = sampleEvent("user.updated", { at: now, data: { id, first_name: name } });
      await mirror.send(event, { id: webhookId });
    }
    assert.equal(await firstName(mirror, id), "Higher", "byte order: a comes after A");
  }
});

Deno.test("a late update, session or membership never brings a deleted user back", async () => {
  await using mirror = await openMirror();
  const id = newId("user");
  const { data: { organization: { id: organizationId } } } = sampleEvent(
    "organizationMembership.created",
  );
  const late = [
    sampleEvent("user.updated", { at: now + MINUTE, data: { id } }),
    sampleEvent("session.created", { at: now + MINUTE, data: { user_id: id } }),
    sampleEvent("organizationMembership.created", {
      at: now + MINUTE,
      data: { "public_user_data.user_id": id, "organization.id": organizationId },
    }),
  ];
  assert.deepEqual(
    await outcomes(mirror, sampleEvent("user.deleted", { at: now, data: { id } }), ...late),
    ["applied", "stale", "stale", "stale"],
  );
  assert.deepEqual(await ids(mirror, "profiles", "id", id), []);
  assert.deepEqual(await ids(mirror, "session_logs", "user_id", id), []);
  assert.deepEqual(await ids(mirror, "organization_memberships", "user_id", id), []);
  // The membership's other parent is a fact of its own.
  assert.deepEqual(await ids(mirror, "organizations", "id", organizationId), [organizationId]);
});

Deno.test("deleting a user removes their sessions and memberships, and nobody else's", async () => {
  await using mirror = await openMirror();
  const membership = sampleEvent("organizationMembership.created", { at: now });
  const userId = membership.data.public_user_data.user_id;
  const organizationId = membership.data.organization.id;
  const colleague = sampleEvent("organizationMembership.created", {
    at: now,
    data: { "organization.id": organizationId },
  });
  await outcomes(
    mirror,
    sampleEvent("user.created", { at: now, data: { id: userId } }),
    sampleEvent("session.created", { at: now, data: { user_id: userId } }),
    membership,
    colleague,
    sampleEvent("user.deleted", { at: now, data: { id: userId } }),
  );
  assert.deepEqual(await ids(mirror, "session_logs", "user_id", userId), []);
  assert.deepEqual(
    await ids(mirror, "organization_memberships", "organization_id", organizationId),
    [colleague.data.id],
  );
});

Deno.test("deleting an organization removes its memberships, and later ones are stale", async () => {
  await using mirror = await openMirror();
  const membership = sampleEvent("organizationMembership.created", { at: now });
  const organizationId = membership.data.organization.id;
  const later = sampleEvent("organizationMembership.created", {
    at: now + MINUTE,
    data: { "organization.id": organizationId },
  });
  const deleted = sampleEvent("organization.deleted", { at: now, data: { id: organizationId } });
  assert.deepEqual(await outcomes(mirror, membership, deleted, later), [
    "applied",
    "applied",
    "stale",
  ]);
  const left = await ids(mirror, "organization_memberships", "organization_id", organizationId);
  assert.deepEqual(left, []);
  assert.deepEqual(await ids(mirror, "organizations", "id", organizationId), []);
  const memberId = later.data.public_user_data.user_id;
  assert.deepEqual(await ids(mirror, "profiles", "id", memberId), [memberId]);
});

Deno.test("a membership creates placeholders for its organization and user, until the full objects arrive", async () => {
  await using mirror = await openMirror();
  const membership = sampleEvent("organizationMembership.created", { at: now });
  const userId = membership.data.public_user_data.user_id;
  const organizationId = membership.data.organization.id;
  assert.deepEqual(await outcomes(mirror, membership), ["applied"]);
  const parents = () =>
    mirror.sql`
      select organizations.name, organizations.created_by, organizations.synced_at as told_at,
        profiles.email, profiles.first_name, profiles.synced_at
      from organizations, profiles
      where organizations.id = ${organizationId} and profiles.id = ${userId}`;
  assert.deepEqual({ ...(await parents())[0] }, {
    name: "Analytical Engines",
    created_by: null,
    told_at: null,
    email: null,
    first_name: "Ada",
    synced_at: null,
  });

  // Both full objects are older than the snapshots, and still rank above them.
  const organization = sampleEvent("organization.created", {
    at: now - MINUTE,
    data: { id: organizationId, name: "Engines", created_by: userId },
  });
  const user = sampleEvent("user.created", {
    at: now - MINUTE,
    data: { id: userId, first_name: "Augusta" },
  });
  assert.deepEqual(await outcomes(mirror, organization, user), ["applied", "applied"]);
  assert.deepEqual({ ...(await parents())[0] }, {
    name: "Engines",
    created_by: userId,
    told_at: new Date(organization.timestamp),
    email: "ada@example.com",
    first_name: "Augusta",
    synced_at: new Date(user.timestamp),
  });

  // A newer snapshot does not touch what is full.
  const updated = sampleEvent("organizationMembership.updated", {
    at: now + MINUTE,
    data: {
      id: membership.data.id,
      "organization.id": organizationId,
      "organization.name": "Snapshot",
      "public_user_data.user_id": userId,
    },
  });
  assert.deepEqual(await outcomes(mirror, updated), ["applied"]);
  assert.equal((await parents())[0]?.name, "Engines");
});

Deno.test("the newer of two snapshots of an organization wins, even if its membership is stale", async () => {
  await using mirror = await openMirror();
  const organizationId = newId("org");
  const named = (name: string, at: number, id = newId("orgmem")) =>
    sampleEvent("organizationMembership.updated", {
      at,
      data: { id, "organization.id": organizationId, "organization.name": name },
    });
  const nameOf = async () =>
    (await mirror.sql`select name from organizations where id = ${organizationId}`)[0]?.name;
  await outcomes(mirror, named("Second", now), named("First", now - MINUTE));
  assert.equal(await nameOf(), "Second");

  const gone = newId("orgmem");
  const deletion = sampleEvent("organizationMembership.deleted", {
    at: now - 2 * MINUTE,
    data: { id: gone, "organization.id": organizationId, "organization.name": "Zeroth" },
  });
  assert.deepEqual(await outcomes(mirror, deletion, named("Third", now + MINUTE, gone)), [
    "applied",
    "stale",
  ]);
  assert.equal(await nameOf(), "Third");
});

Deno.test("a membership is deleted even if the deletion carries an old updated_at", async () => {
  await using mirror = await openMirror();
  const created = sampleEvent("organizationMembership.created", { at: now - 5 * 24 * 60 * MINUTE });
  const { data } = created;
  const parents = {
    id: data.id,
    "organization.id": data.organization.id,
    "public_user_data.user_id": data.public_user_data.user_id,
  };
  const updated = sampleEvent("organizationMembership.updated", {
    at: now - MINUTE,
    data: parents,
  });
  const deleted = sampleEvent("organizationMembership.deleted", {
    at: now,
    data: { ...parents, created_at: data.created_at, updated_at: data.updated_at },
  });
  assert.ok(deleted.data.updated_at < updated.data.updated_at);
  assert.deepEqual(await outcomes(mirror, created, updated, deleted, updated), [
    "applied",
    "applied",
    "applied",
    "stale",
  ]);
  assert.deepEqual(await ids(mirror, "organization_memberships", "id", data.id), []);
});

Deno.test("a late deletion of an old membership doesn't remove the member's new one", async () => {
  await using mirror = await openMirror();
  const first = sampleEvent("organizationMembership.created", { at: now - 2 * MINUTE });
  const parents = {
    "organization.id": first.data.organization.id,
    "public_user_data.user_id": first.data.public_user_data.user_id,
  };
  const again = sampleEvent("organizationMembership.created", { at: now, data: parents });
  const deleted = sampleEvent("organizationMembership.deleted", {
    at: now - MINUTE,
    data: { ...parents, id: first.data.id },
  });
  await outcomes(mirror, first, again, deleted);
  assert.deepEqual(
    await ids(mirror, "organization_memberships", "user_id", parents["public_user_data.user_id"]),
    [again.data.id],
  );
});

Deno.test("only session.created sets a session's IP address and user agent, whether early or late", async () => {
  await using mirror = await openMirror();
  for (const isLate of [false, true]) {
    const created = sampleEvent("session.created", { at: now - MINUTE });
    const parents = { id: created.data.id, user_id: created.data.user_id };
    const ended = sampleEvent("session.ended", { at: now, data: parents });
    ended.event_attributes.http_request = { client_ip: "198.51.100.9", user_agent: "Backend/1" };
    await outcomes(mirror, ...(isLate ? [ended, created] : [created, ended]));
    const [row] = await mirror.sql`
      select status, host(ip_address) as ip_address, user_agent
      from session_logs where id = ${created.data.id}`;
    assert.deepEqual({ ...row }, {
      status: "ended",
      ip_address: "203.0.113.7",
      user_agent: created.event_attributes.http_request.user_agent,
    });
  }
});

Deno.test("the latest of several deletion times is kept, whichever arrives first", async () => {
  await using mirror = await openMirror();
  for (const order of [[0, 1], [1, 0]]) {
    const id = newId("user");
    const deletions = order.map((minutes) =>
      sampleEvent("user.deleted", { at: now + minutes * MINUTE, data: { id } })
    );
    assert.deepEqual(await outcomes(mirror, ...deletions), ["applied", "stale"]);
    const [row] = await mirror.sql`
      select deleted_at from clerk_sync.tombstones where object_id = ${id}`;
    assert.deepEqual(row?.deleted_at, new Date(now + MINUTE));
  }
});

Deno.test("racing deletions and creations leave nothing behind and don't deadlock", async () => {
  await using mirror = await openMirror();
  for (let round = 0; round < 10; round++) {
    const userId = newId("user");
    const organizationId = newId("org");
    const parents = { "organization.id": organizationId, "public_user_data.user_id": userId };
    const answers = await Promise.all([
      mirror.send(sampleEvent("organizationMembership.created", { data: parents })),
      mirror.send(sampleEvent("user.deleted", { data: { id: userId } })),
      mirror.send(sampleEvent("session.created", { data: { user_id: userId } })),
      mirror.send(sampleEvent("organizationMembership.created", { data: parents })),
      mirror.send(sampleEvent("organization.deleted", { data: { id: organizationId } })),
      mirror.send(sampleEvent("user.updated", { data: { id: userId } })),
    ]);
    assert.deepEqual(answers.map(({ status }) => status), Array(6).fill(200));
    const left = [
      await ids(mirror, "profiles", "id", userId),
      await ids(mirror, "organizations", "id", organizationId),
      await ids(mirror, "session_logs", "user_id", userId),
      await ids(mirror, "organization_memberships", "user_id", userId),
    ];
    assert.deepEqual(left, [[], [], [], []]);
  }
});
