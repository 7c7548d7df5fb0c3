/**
 * Bad input at the HTTP edge: whatever comes in causes no 5xx, no write from anything unverified, no
 * hang and no unbounded memory.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { readConfig } from "../functions/clerk-webhook/env.ts";
import { createHandler } from "../functions/clerk-webhook/handler.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent, sampleTypes } from "../tools/development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";
import { damage, nastyValue, walk } from "./helpers/damage.ts";
import { type Mirror, openMirror } from "./helpers/mirror.ts";

const URL_ = "http://localhost/functions/v1/clerk-webhook";
const SECRET = newSigningSecret();

/** Milliseconds: far more than any answer takes, far less than a person would wait. */
const HANG = 5000;

function unreachable() {
  let calls = 0;
  const handler = createHandler({
    config: readConfig(
      new Map(Object.entries({
        CLERK_WEBHOOK_SIGNING_SECRET: SECRET,
        SUPABASE_URL: "http://127.0.0.1:1",
        SUPABASE_SECRET_KEYS: '{"default":"sb_secret_test"}',
      })),
    ),
    createDatabase: () => () => {
      calls++;
      return Promise.resolve("applied");
    },
    log: () => {},
  });
  return { handler, calls: () => calls };
}

async function within<Result>(promise: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`No answer after ${HANG} ms`)), HANG);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whatever a header may hold. */
const headerValue = fc.oneof(
  fc.constantFrom("", "0", "-1", "NaN", "1e9", "v1,", "v1,AAAA", ", ,", String(2 ** 53)),
  fc.string({ maxLength: 300 }).map((text) => text.replace(/[^\x20-\x7e]/g, "").trim()),
  fc.nat().map(() => String(Math.floor(Date.now() / 1000))),
);

const headers = fc.dictionary(
  fc.constantFrom(
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "x-forwarded-for",
    "authorization",
  ),
  headerValue,
);

Deno.test("an unverified request is refused with 4xx and never reaches the database", async () => {
  const { handler, calls } = unreachable();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("POST", "POST", "POST", "PUT", "PATCH", "DELETE"),
      headers,
      fc.uint8Array({ maxLength: 2000 }),
      async (method, chosen, body) => {
        const request = new Request(URL_, { method, headers: chosen, body: new Uint8Array(body) });
        const response = await within(handler(request));
        assert.ok([400, 405, 413].includes(response.status), String(response.status));
        assert.equal(typeof (await response.json()).error, "string");
      },
    ),
    { numRuns: 2000 },
  );
  assert.equal(calls(), 0);
});

Deno.test("a signed body of arbitrary bytes is answered 200 or 400 and never reaches the database, as a whole event does", async () => {
  const { handler, calls } = unreachable();
  const key = Uint8Array.from(atob(SECRET.slice("whsec_".length)), (c) => c.charCodeAt(0));
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.json({ maxDepth: 4 }).map((text) => new TextEncoder().encode(text)),
    fc.nat(400).map((length) =>
      new TextEncoder().encode(JSON.stringify(sampleEvent("user.created")).slice(0, length))
    ),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const id = newId("msg");
      const timestamp = String(Math.floor(Date.now() / 1000));
      // Over the raw bytes: the library signs text only.
      const signature = createHmac("sha256", key)
        .update(`${id}.${timestamp}.`)
        .update(body)
        .digest("base64");
      const request = new Request(URL_, {
        method: "POST",
        headers: {
          "svix-id": id,
          "svix-timestamp": timestamp,
          "svix-signature": `v1,${signature}`,
        },
        body: new Uint8Array(body),
      });
      const response = await within(handler(request));
      assert.ok([200, 400].includes(response.status), String(response.status));
      await response.body?.cancel();
    }),
    { numRuns: 2000 },
  );
  assert.equal(calls(), 0);
  const event = JSON.stringify(sampleEvent("user.created"));
  assert.equal((await handler(signedRequest(URL_, SECRET, event))).status, 200);
  assert.equal(calls(), 1, "what is whole does reach it");
});

async function assertTaken(mirror: Mirror, body: string): Promise<void> {
  const { status, outcome } = await within(mirror.send(body));
  const isTooLarge = new TextEncoder().encode(body).byteLength > 1024 * 1024;
  const expected = isTooLarge ? [413] : [200, 202];
  assert.ok(expected.includes(status), `${status} ${outcome}: ${body.slice(0, 300)}`);
}

const damagedEvent = fc.tuple(
  fc.constantFrom(...sampleTypes()),
  fc.array(fc.tuple(walk, nastyValue), { minLength: 1, maxLength: 3 }),
).map(([type, damages]) => {
  const event = sampleEvent(type);
  for (const [steps, nasty] of damages) damage(event.data, steps, nasty);
  return JSON.stringify(event);
});

Deno.test("a verified event with damaged fields is applied, ignored or dead-lettered, never a 5xx", async () => {
  await using mirror = await openMirror();
  await fc.assert(
    fc.asyncProperty(damagedEvent, (body) => assertTaken(mirror, body)),
    { numRuns: 1500 },
  );
});

Deno.test("a verified event with a damaged envelope is applied, ignored or dead-lettered, never a 5xx", async () => {
  await using mirror = await openMirror();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sampleTypes()),
      walk,
      nastyValue,
      async (type, steps, nasty) => {
        const event = sampleEvent(type);
        damage(event, steps.slice(0, 3), nasty);
        await assertTaken(mirror, JSON.stringify(event));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("damaged events don't keep the sound ones that arrive with them from being applied", async () => {
  await using mirror = await openMirror();
  const sound = ["user.created", "organizationMembership.created", "session.created"];
  await fc.assert(
    fc.asyncProperty(fc.array(damagedEvent, { minLength: 2, maxLength: 8 }), async (bodies) => {
      const answers = bodies.map((body) => assertTaken(mirror, body));
      const neighbours = sound.map((type) => within(mirror.send(sampleEvent(type))));
      for (const { outcome } of await Promise.all(neighbours)) assert.equal(outcome, "applied");
      await Promise.all(answers);
    }),
    { numRuns: 300 },
  );
});

Deno.test("duplicate keys, __proto__, deep nesting and huge numbers cause no 5xx and no prototype pollution", async () => {
  await using mirror = await openMirror();
  const event = JSON.stringify(sampleEvent("user.created"));
  const metadata = (json: string) =>
    event.replace(/"unsafe_metadata":\{[^}]*\}/, `"unsafe_metadata":${json}`);
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  const bodies = [
    event.replace('"first_name":', '"first_name":"x","first_name":'),
    metadata('{"__proto__":{"isAdmin":true}}'),
    metadata('{"n":1e999,"m":-1e999,"i":123456789012345678901234567890}'),
    metadata(nested(100)),
    metadata(nested(1000)),
    metadata(nested(100_000)),
    `${"[".repeat(500_000)}${"]".repeat(500_000)}`,
  ];
  for (const body of bodies) await assertTaken(mirror, body);
  assert.equal(Object.hasOwn(Object.prototype, "isAdmin"), false);
});

Deno.test("a client that disconnects or stalls midway holds up no other request", async () => {
  await using mirror = await openMirror();
  const { hostname, port, pathname } = new URL(mirror.webhookUrl);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\n`;
  const beginnings = [
    `${head}content-length: 100\r\n\r\n{"half":`,
    `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"a":`,
    `${head}content-length: 10\r\nsvix-id: x\r\nsvix-timestamp: 1\r\nsvix-signature: v1,x\r\n\r\n{`,
    "POST / HTTP/9.9\r\n\r\n",
    "\u0000\u0001\u0002\r\n\r\n",
  ];
  const connections = await Promise.all(beginnings.map(async (beginning) => {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode(beginning));
    return connection;
  }));
  const answer = await within(mirror.send(sampleEvent("user.created")));
  assert.equal(answer.outcome, "applied");
  for (const connection of connections) connection.close();
  assert.equal((await within(mirror.send(sampleEvent("user.created")))).outcome, "applied");
});

Deno.test("2,000 oversized bodies don't accumulate in memory", async () => {
  const { handler, calls } = unreachable();
  const chunk = new Uint8Array(256 * 1024);
  // Of this isolate alone: tests in others come and go meanwhile.
  const memory = () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return (heapUsed + external) / 1024 / 1024;
  };
  const before = memory();
  let read = 0;
  for (let request = 0; request < 2000; request++) {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        read += chunk.byteLength;
        controller.enqueue(chunk.slice());
      },
    });
    const { headers } = signedRequest(URL_, SECRET, "{}");
    const response = await within(handler(new Request(URL_, { method: "POST", headers, body })));
    assert.equal(response.status, 413);
    await response.body?.cancel();
  }
  assert.equal(calls(), 0);
  assert.ok(read > 2000 * 1024 * 1024, "two gigabytes were on offer and read up to the limit");
  const grown = memory() - before;
  assert.ok(grown < 500, `${grown.toFixed(0)} MiB more than before`);
});
