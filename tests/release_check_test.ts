/** A function and a database of different releases work together, and the log says so. */
import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { RELEASE } from "../functions/_shared/release.ts";
import { createReleaseCheck } from "../functions/clerk-webhook/release_check.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { deliver } from "../tools/development/events/deliver.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";
import { serveWebhook } from "../tools/development/stack/serve_webhook.ts";
import { freePort } from "../tools/development/stack/stack.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";

/** A function that has just started: what it logs, and what it does besides answering. */
function startFunction(mirror: OwnMirror, env: Record<string, string> = {}) {
  const lines: string[] = [];
  const signingSecret = newSigningSecret();
  const url = serveWebhook(
    mirror.stack,
    { CLERK_WEBHOOK_SIGNING_SECRET: signingSecret, ...env },
    { log: (line) => lines.push(line), createReleaseCheck },
  );
  return {
    async send() {
      const body = JSON.stringify(sampleEvent("user.created"));
      return await deliver(signedRequest(url, signingSecret, body, { id: newId("msg") }));
    },
    notices: () => lines.map((line) => JSON.parse(line)).filter(({ notice }) => notice),
  };
}

/** Runs with a stand-in for what keeps an isolate alive, and waits for all that it was given. */
async function untilIdle(use: () => Promise<void>): Promise<number> {
  const work: Promise<unknown>[] = [];
  Reflect.set(globalThis, "EdgeRuntime", {
    waitUntil: (promise: Promise<unknown>) => work.push(promise),
  });
  try {
    await use();
    await Promise.all(work);
    return work.length;
  } finally {
    Reflect.deleteProperty(globalThis, "EdgeRuntime");
  }
}

Deno.test("clerk-webhook logs once that the database has another release, and works", async () => {
  await using mirror = await openOwnMirror();
  const setReleases = async (...versions: string[]) => {
    await mirror.sql`truncate clerk_sync.releases`;
    await mirror.sql`
      insert into clerk_sync.releases ${mirror.sql(versions.map((version) => ({ version })))}`;
  };
  const noticesOf = async (): Promise<Record<string, unknown>[]> => {
    const started = startFunction(mirror);
    const checks = await untilIdle(async () => {
      for (let count = 0; count < 2; count++) {
        assert.equal((await started.send()).outcome, "applied");
      }
    });
    assert.ok(checks >= 1 && checks <= 2, "not asked again once it is answered");
    return started.notices();
  };

  assert.deepEqual(await noticesOf(), [], "the same release");

  await setReleases("0.0.9", "0.0.10");
  const [older, ...more] = await noticesOf();
  assert.deepEqual([older?.release, older?.database_release, more], [RELEASE, "0.0.10", []]);
  assert.match(String(older?.notice), /^The database has an earlier release/);

  await setReleases(RELEASE, "10.0.0", "9.0.0");
  const [newer] = await noticesOf();
  assert.deepEqual([newer?.release, newer?.database_release], [RELEASE, "10.0.0"]);
  assert.match(String(newer?.notice), /^This function has an earlier release/);

  await mirror.sql`drop function public.read_release()`;
  await mirror.stack.reconnect();
  const [oldest] = await noticesOf();
  assert.deepEqual([oldest?.release, oldest?.database_release], [RELEASE, null]);
  assert.match(String(oldest?.notice), /^The database has an earlier release/);
});

Deno.test("clerk-webhook checks the release in the background, three times at most if that fails", async () => {
  await using mirror = await openOwnMirror();
  const started = startFunction(mirror, { SUPABASE_URL: `http://127.0.0.1:${freePort()}` });
  const checks = await untilIdle(async () => {
    for (let count = 0; count < 5; count++) {
      assert.equal((await started.send()).status, 503, "nobody answers there");
    }
  });
  assert.ok(checks >= 1 && checks <= 3, `${checks} checks`);
  assert.deepEqual(started.notices(), []);
});

Deno.test("clerk-webhook answers while the release check hangs", async () => {
  await using mirror = await openOwnMirror();
  const { promise: isEnough, resolve: enough } = Promise.withResolvers<void>();
  await using slow = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/read_release")) await isEnough;
      return Response.json(pathname.endsWith("/read_release") ? { version: RELEASE } : "applied");
    },
  );
  const started = startFunction(mirror, { SUPABASE_URL: `http://127.0.0.1:${slow.addr.port}` });
  await untilIdle(async () => {
    assert.equal((await started.send()).outcome, "applied");
    assert.equal((await started.send()).outcome, "applied");
    enough();
  });
  assert.deepEqual(started.notices(), []);
});

Deno.test("RELEASE in the code is the version in deno.json", () => {
  assert.equal(RELEASE, config.version);
});
