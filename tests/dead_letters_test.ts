/**
 * A verified event that can't be applied is kept as a dead letter, without secrets, until it can be
 * applied.
 */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { toDeadLetter } from "../functions/clerk-webhook/dead_letter.ts";
import { recognizeEvent, toCall } from "../functions/clerk-webhook/event.ts";
import { newId } from "../tools/development/events/new_id.ts";
import {
  type SampleEvent,
  sampleEvent,
  sampleTypes,
} from "../tools/development/events/sample_event.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";
import { type Mirror, openMirror, openOwnMirror } from "./helpers/mirror.ts";
import { namingEnv } from "./helpers/naming.ts";

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

Deno.test("a malformed event becomes a dead letter with its reason and without secrets", async () => {
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

Deno.test("a dead letter counts each further attempt", async () => {
  await using mirror = await openMirror();
  const id = newId("msg");
  const event = malformed();
  for (let attempt = 1; attempt <= 3; attempt++) {
    assert.equal((await mirror.send(event, { id })).status, 202);
    assert.equal((await deadLetter(mirror, id))?.attempts, attempt);
  }
});

Deno.test("an event that Postgres refuses becomes a dead letter, and its failed call leaves nothing behind", async () => {
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

Deno.test("a later successful delivery of the same webhook removes its dead letter", async () => {
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

Deno.test("a deletion without an id, an impossible time or deep nesting becomes a dead letter, never a 5xx", async () => {
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

Deno.test("redaction removes secrets but nothing that is stored, so that a dead letter can be replayed", () => {
  for (const type of sampleTypes()) {
    const event = recognizeEvent(sampleEvent(type));
    if (event === undefined) continue;
    const { args } = toDeadLetter(event, "msg_1", "because");
    assert.ok("dead_letter" in args);
    const letter = JSON.parse(JSON.stringify(args.dead_letter));
    const replayed = recognizeEvent(letter.payload);
    assert.ok(replayed);
    assert.deepEqual(toCall(replayed, "msg_1"), toCall(event, "msg_1"), type);
    const text = JSON.stringify(letter);
    for (const secret of ["private_metadata", "backup_codes", "ticket="]) {
      assert.ok(!text.includes(secret), `${type} keeps ${secret}`);
    }
  }
});

Deno.test("dead-letters lists the dead letters, and replays one or all of them", async (t) => {
  await using mirror = await openOwnMirror();
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "task",
        "--quiet",
        "dead-letters",
        "--url",
        mirror.apiUrl,
        "--key",
        mirror.keys.secretKey,
        ...args,
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1", ...namingEnv(mirror.naming) },
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      output: stripVTControlCharacters(decoder.decode(stdout) + decoder.decode(stderr)),
    };
  };

  await t.step("an empty list is reported as such", async () => {
    assert.deepEqual(await run(), { code: 0, output: "There are no dead letters\n" });
  });

  // A rule of the application's own, which refuses the rows until it is dropped.
  await mirror.sql`
    create function public.refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no slugs, please' using errcode = '22P02'; end $$`;
  await mirror.sql`
    create trigger refuse before insert on organizations
    for each row execute function public.refuse()`;
  const kept: { id: string; event: SampleEvent }[] = [];
  for (let index = 0; index < 3; index++) {
    const event = sampleEvent("organization.created");
    const id = newId("msg");
    assert.equal((await mirror.send(event, { id })).status, 202);
    kept.push({ id, event });
  }
  const [first, second] = kept;
  assert.ok(first && second);

  await t.step("the list shows id, type, attempts, age and reason", async () => {
    const { code, output } = await run();
    assert.equal(code, 0);
    for (const { id } of kept) {
      assert.match(
        output,
        new RegExp(`${id} +organization\\.created +1 +\\d+ s +22P02: no slugs, please`),
      );
    }
  });

  await t.step("a replay before the cause is fixed counts as another attempt", async () => {
    const { code, output } = await run("--replay", first.id);
    assert.deepEqual([code, output], [1, `${first.id} organization.created dead_lettered\n`]);
    assert.equal((await deadLetter(mirror, first.id))?.attempts, 2);
  });

  await mirror.sql`drop trigger refuse on organizations`;

  await t.step("a replay after the fix applies the one that is named", async () => {
    const { code, output } = await run("--replay", first.id);
    assert.deepEqual([code, output], [0, `${first.id} organization.created applied\n`]);
    const rows = await mirror.sql`select from organizations where id = ${first.event.data.id}`;
    assert.equal(rows.length, 1);
    assert.equal(await deadLetter(mirror, first.id), undefined);
    assert.ok(await deadLetter(mirror, second.id));
  });

  await t.step("--replay without an id replays all that are left", async () => {
    const { code, output } = await run("--replay");
    assert.equal(code, 0);
    assert.equal(output.match(/ applied\n/g)?.length, 2);
    assert.equal((await mirror.send(second.event, { id: second.id })).outcome, "duplicate");
  });

  await t.step("an unknown id or a wrong key is reported", async () => {
    assert.match((await run("--replay", "msg_none")).output, /no dead letter with the id msg_none/);
    assert.match((await run("replay")).output, /no dead letter with the id replay/);
    const { code, output } = await run("--key", "sb_secret_wrong");
    assert.equal(code, 1);
    assert.match(output, /can't be read/);
  });
});
