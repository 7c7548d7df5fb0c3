/** What is verified but can't be applied is kept, redacted, and cleared once it can. */
import assert from "node:assert/strict";
import { newId } from "../tools/events/new_id.ts";
import { type SampleEvent, sampleEvent } from "../tools/events/sample_event.ts";
import { type Mirror, openMirror } from "./helpers/mirror.ts";

async function deadLetter(mirror: Mirror, webhookId: string) {
  const [row] = await mirror.sql`
    select type, reason, owner_ids, payload, attempts
    from clerk_sync.dead_letters where webhook_id = ${webhookId}`;
  return row && { ...row };
}

async function isClaimed(mirror: Mirror, webhookId: string): Promise<boolean> {
  const rows = await mirror.sql`select from clerk_sync.webhook_events where id = ${webhookId}`;
  return rows.length > 0;
}

/** An event of which a required field is not what it should be. */
function malformed(data: Record<string, unknown> = {}): SampleEvent {
  return sampleEvent("user.created", { data: { created_at: "yesterday", ...data } });
}

Deno.test("an event that is not of the expected form is kept with the reason, without secrets", async () => {
  await using mirror = await openMirror();
  const id = newId("msg");
  const event = malformed();
  const answer = await mirror.send(event, { id });
  assert.deepEqual([answer.status, answer.outcome], [202, "dead_lettered"]);

  const kept = await deadLetter(mirror, id);
  assert.equal(kept?.type, "user.created");
  assert.match(kept?.reason, /"data\.created_at" is invalid/);
  assert.equal(kept?.attempts, 1);
  assert.deepEqual(kept?.owner_ids, [event.data.id]);
  assert.equal(kept?.payload.data.first_name, "Ada");
  assert.deepEqual(kept?.payload.data.public_metadata, event.data.public_metadata);
  assert.ok(!("private_metadata" in kept.payload.data));
  assert.ok(!("backup_codes" in kept.payload.data.phone_numbers[0]));
  assert.equal(await isClaimed(mirror, id), false);
});

Deno.test("each further attempt is counted", async () => {
  await using mirror = await openMirror();
  const id = newId("msg");
  const event = malformed();
  for (let attempt = 1; attempt <= 3; attempt++) {
    assert.equal((await mirror.send(event, { id })).status, 202);
    assert.equal((await deadLetter(mirror, id))?.attempts, attempt);
  }
});

Deno.test("data that Postgres refuses is kept too, and the call that failed leaves nothing behind", async () => {
  await using mirror = await openMirror();
  const id = newId("msg");
  const event = sampleEvent("session.created");
  event.event_attributes.http_request.client_ip = "not an address";
  const answer = await mirror.send(event, { id });
  assert.deepEqual([answer.status, answer.outcome], [202, "dead_lettered"]);
  assert.match((await deadLetter(mirror, id))?.reason, /^22P02: /);
  assert.equal(await isClaimed(mirror, id), false);
  const rows = await mirror.sql`select from profiles where id = ${event.data.user_id}`;
  assert.equal(rows.length, 0, "the nested user was written by the same transaction");
});

Deno.test("a later successful delivery of the same webhook clears its dead letter", async () => {
  await using mirror = await openMirror();
  const id = newId("msg");
  const event = malformed();
  await mirror.send(event, { id });
  const repaired = sampleEvent("user.created", { data: { id: event.data.id } });
  assert.equal((await mirror.send(repaired, { id })).outcome, "applied");
  assert.equal(await deadLetter(mirror, id), undefined);
  assert.equal((await mirror.send(event, { id })).outcome, "duplicate");
  assert.equal(await deadLetter(mirror, id), undefined);
});

Deno.test("deleting a user or an organization erases its dead letters, and later ones are not kept", async () => {
  await using mirror = await openMirror();
  const membership = sampleEvent("organizationMembership.created", { data: { role: 1 } });
  const owners = {
    "user.deleted": membership.data.public_user_data.user_id,
    "organization.deleted": membership.data.organization.id,
  };
  for (const [type, ownerId] of Object.entries(owners)) {
    const id = newId("msg");
    const fresh = sampleEvent("organizationMembership.created", {
      data: {
        role: 1,
        [type === "user.deleted" ? "public_user_data.user_id" : "organization.id"]: ownerId,
      },
    });
    await mirror.send(fresh, { id });
    assert.ok(await deadLetter(mirror, id));
    await mirror.send(sampleEvent(type, { data: { id: ownerId } }));
    assert.equal(await deadLetter(mirror, id), undefined);

    const late = await mirror.send(fresh, { id });
    assert.deepEqual([late.status, late.outcome], [200, "stale"]);
    assert.equal(await deadLetter(mirror, id), undefined);
  }
});

Deno.test("a deletion without an id, a time out of range, endless nesting: kept, never a 5xx", async () => {
  await using mirror = await openMirror();
  let nested: unknown = "deep";
  for (let level = 0; level < 3000; level++) nested = { a: nested };
  const events: unknown[] = [
    { ...sampleEvent("user.deleted"), data: { object: "user", deleted: true } },
    { ...sampleEvent("user.created"), data: null },
    { ...sampleEvent("user.created"), timestamp: 8.64e15 + 1 },
    sampleEvent("user.created", { data: { updated_at: 8.64e15 } }),
    sampleEvent("user.created", { data: { unsafe_metadata: nested } }),
    sampleEvent("organization.created", { data: { max_allowed_memberships: 2 ** 40 } }),
    sampleEvent("user.created", { data: { id: "x".repeat(300) } }),
  ];
  for (const [index, event] of events.entries()) {
    const id = newId("msg");
    const answer = await mirror.send(event, { id });
    assert.deepEqual([answer.status, answer.outcome], [202, "dead_lettered"], `event ${index}`);
    assert.ok(await deadLetter(mirror, id), `event ${index}`);
  }
});
