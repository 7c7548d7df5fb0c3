/**
 * When the database is down, slow or locked, clerk-webhook answers 503, leaves nothing behind, and
 * applies the redelivery.
 */
import assert from "node:assert/strict";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { openOwnMirror, untilSomebodyWaits } from "./helpers/mirror.ts";

Deno.test("clerk-webhook answers 503 while the database is down, and applies the redelivery afterwards", async () => {
  await using mirror = await openOwnMirror();
  const event = sampleEvent("user.created");
  const id = newId("msg");
  assert.equal((await mirror.send(sampleEvent("user.created"))).outcome, "applied");

  await mirror.stack.postgres.stop();
  const down = await mirror.send(event, { id });
  assert.deepEqual([down.status, down.outcome], [503, "unavailable"]);

  await mirror.stack.restartPostgres();
  const back = await mirror.send(event, { id });
  assert.deepEqual([back.status, back.outcome], [200, "applied"]);
  assert.equal((await mirror.send(event, { id })).outcome, "duplicate");
});

Deno.test("a failed call leaves nothing behind, not even its claim of the webhook", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  const event = sampleEvent("organizationMembership.created");
  const id = newId("msg");
  await sql`
    create function public.fail() returns trigger language plpgsql as
    $$ begin raise exception 'no' using errcode = '57014'; end $$`;
  await sql`
    create trigger fail before insert on public.organization_memberships
    for each row execute function public.fail()`;
  assert.deepEqual((await mirror.send(event, { id })).status, 503);
  const [left] = await sql`
    select
      (select count(*)::integer from clerk_sync.webhook_events) as claims,
      (select count(*)::integer from organizations) as organizations,
      (select count(*)::integer from profiles) as profiles,
      (select count(*)::integer from clerk_sync.dead_letters) as dead_letters`;
  assert.deepEqual({ ...left }, { claims: 0, organizations: 0, profiles: 0, dead_letters: 0 });

  await sql`drop trigger fail on public.organization_memberships`;
  assert.equal((await mirror.send(event, { id })).outcome, "applied");
});

Deno.test("clerk-webhook answers 503 after two seconds of waiting for a lock, and applies the redelivery", async () => {
  await using mirror = await openOwnMirror();
  const event = sampleEvent("user.created");
  const id = newId("msg");
  await mirror.send(event);
  const changed = sampleEvent("user.updated", { data: { id: event.data.id } });
  const answer = await mirror.sql.begin(async (sql) => {
    await sql`select from profiles where id = ${event.data.id} for update`;
    return await mirror.send(changed, { id });
  });
  assert.equal(answer.status, 503);
  assert.ok(answer.duration >= 2000 && answer.duration < 5000, `${answer.duration} ms`);
  assert.equal((await mirror.send(changed, { id })).outcome, "applied");
});

Deno.test("a concurrent second delivery is a duplicate if the first commits, and applied if it rolls back", async () => {
  await using mirror = await openOwnMirror();
  for (const isCommitted of [true, false]) {
    const id = newId("msg");
    const event = sampleEvent("user.created");
    const webhook = {
      id,
      type: event.type,
      object_id: event.data.id,
      occurred_at: new Date(event.timestamp).toISOString(),
    };
    let second: ReturnType<typeof mirror.send> | undefined;
    await mirror.sql.begin(async (sql) => {
      await sql`select public.upsert_profiles('[]', ${sql.json(webhook)})`;
      second = mirror.send(event, { id });
      await untilSomebodyWaits(mirror.sql);
      if (!isCommitted) throw new Error("rolled back");
    }).catch((error) => assert.equal(error.message, "rolled back"));
    assert.equal((await second)?.outcome, isCommitted ? "duplicate" : "applied");
  }
});
