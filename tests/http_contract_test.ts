/** The HTTP contract of clerk-webhook, line by line: a request goes in, an answer comes out. */
import assert from "node:assert/strict";
import { readConfig } from "../functions/clerk-webhook/env.ts";
import { createDatabase } from "../functions/clerk-webhook/database.ts";
import { createHandler, type HandlerOptions } from "../functions/clerk-webhook/handler.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";
import { freePort } from "../tools/development/stack/stack.ts";
import { openMirror } from "./helpers/mirror.ts";
import { namingEnv } from "./helpers/naming.ts";

const URL = "http://localhost/functions/v1/clerk-webhook";
const SECRET = newSigningSecret();

/** Nobody listens here: what must not reach the database would be answered 503. */
const NOWHERE = `http://127.0.0.1:${freePort()}`;

type Handler = (request: Request) => Promise<Response>;

function handlerWith(env: Record<string, string>, options: Partial<HandlerOptions> = {}): Handler {
  const variables = new Map(Object.entries(env));
  return createHandler({
    config: readConfig(variables),
    createDatabase,
    log: () => {},
    ...options,
  });
}

function handler(env: Record<string, string> = {}, options?: Partial<HandlerOptions>): Handler {
  return handlerWith({
    CLERK_WEBHOOK_SIGNING_SECRET: SECRET,
    SUPABASE_URL: NOWHERE,
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret_test"}',
    ...env,
  }, options);
}

async function assertAnswer(response: Response, status: number, body: unknown): Promise<void> {
  assert.deepEqual([response.status, await response.json()], [status, body]);
}

const ping = '{"success":true}';

Deno.test("clerk-webhook answers 405 and allow: POST to any other method", async () => {
  for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    const response = await handler()(new Request(URL, { method }));
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get("allow"), "POST");
    await assertAnswer(response, 405, { error: "method_not_allowed" });
  }
});

Deno.test("clerk-webhook answers 400 if one of the three signature headers is missing or empty", async () => {
  for (const name of ["svix-id", "svix-timestamp", "svix-signature"]) {
    const missing = signedRequest(URL, SECRET, ping);
    missing.headers.delete(name);
    await assertAnswer(await handler()(missing), 400, { error: "missing_header" });

    const empty = signedRequest(URL, SECRET, ping);
    empty.headers.set(name, "");
    await assertAnswer(await handler()(empty), 400, { error: "missing_header" });
  }
});

Deno.test("clerk-webhook answers 400 to a mixture of svix-* and webhook-* headers", async () => {
  const request = signedRequest(URL, SECRET, ping);
  request.headers.set("webhook-id", request.headers.get("svix-id") ?? "");
  request.headers.delete("svix-id");
  await assertAnswer(await handler()(request), 400, { error: "missing_header" });
});

Deno.test("clerk-webhook accepts webhook-* headers as well as svix-*", async () => {
  const request = signedRequest(URL, SECRET, ping, { prefix: "webhook" });
  await assertAnswer(await handler()(request), 200, { outcome: "ignored" });
});

Deno.test("clerk-webhook answers 400 to a webhook id of more than 255 characters", async () => {
  const request = signedRequest(URL, SECRET, ping, { id: "x".repeat(256) });
  await assertAnswer(await handler()(request), 400, { error: "invalid_header" });
});

Deno.test("clerk-webhook answers 400 to a timestamp more than five minutes off", async () => {
  for (const seconds of [-302, 302]) {
    const request = signedRequest(URL, SECRET, ping, { at: Date.now() + seconds * 1000 });
    await assertAnswer(await handler()(request), 400, { error: "invalid_timestamp" });
  }
  for (const seconds of [-290, 290]) {
    const request = signedRequest(URL, SECRET, ping, { at: Date.now() + seconds * 1000 });
    await assertAnswer(await handler()(request), 200, { outcome: "ignored" });
  }
});

Deno.test("clerk-webhook answers 400 to a timestamp that is not digits only", async () => {
  for (
    const malform of [(t: string) => `${t}abc`, (t: string) => `+${t}`, (t: string) => `${t}.5`]
  ) {
    const request = signedRequest(URL, SECRET, ping);
    const timestamp = request.headers.get("svix-timestamp") ?? "";
    request.headers.set("svix-timestamp", malform(timestamp));
    await assertAnswer(await handler()(request), 400, { error: "invalid_timestamp" });
  }
});

Deno.test("clerk-webhook answers 400 if the secret, body, id or signature version doesn't match", async () => {
  const otherSecret = signedRequest(URL, newSigningSecret(), ping);
  const signed = signedRequest(URL, SECRET, ping);
  const otherBody = new Request(URL, {
    ...signed,
    method: "POST",
    headers: signed.headers,
    body: "{}",
  });
  const otherId = signedRequest(URL, SECRET, ping);
  otherId.headers.set("svix-id", newId("msg"));
  const otherVersion = signedRequest(URL, SECRET, ping);
  const signature = otherVersion.headers.get("svix-signature") ?? "";
  otherVersion.headers.set("svix-signature", signature.replace("v1,", "v1a,"));
  for (const request of [otherSecret, otherBody, otherId, otherVersion]) {
    await assertAnswer(await handler()(request), 400, { error: "invalid_signature" });
  }
});

Deno.test("clerk-webhook accepts any of several signatures, and reads 32 at most", async () => {
  const wrong = `v1,${btoa("0".repeat(32))}`;
  for (const [before, status] of [[1, 200], [31, 200], [32, 400]] as const) {
    const request = signedRequest(URL, SECRET, ping);
    const right = request.headers.get("svix-signature");
    request.headers.set("svix-signature", `${`${wrong} `.repeat(before)}${right}`);
    const response = await handler()(request);
    assert.equal(response.status, status, `${before} wrong signatures first`);
    await response.body?.cancel();
  }
});

Deno.test("clerk-webhook accepts each of several secrets, separated by white space or commas", async () => {
  const other = newSigningSecret();
  for (const separator of [" ", ",", ", ", "\n"]) {
    const env = { CLERK_WEBHOOK_SIGNING_SECRET: `${other}${separator}${SECRET}` };
    for (const secret of [other, SECRET]) {
      const response = await handler(env)(signedRequest(URL, secret, ping));
      await assertAnswer(response, 200, { outcome: "ignored" });
    }
  }
});

Deno.test("clerk-webhook verifies the exact bytes: an added byte order mark or invalid UTF-8 doesn't match", async () => {
  const bytes = new TextEncoder().encode(ping);
  const withMark = new Uint8Array([0xef, 0xbb, 0xbf, ...bytes]);
  const signedWithoutMark = signedRequest(URL, SECRET, ping);
  const marked = new Request(URL, {
    method: "POST",
    headers: signedWithoutMark.headers,
    body: withMark,
  });
  await assertAnswer(await handler()(marked), 400, { error: "invalid_signature" });

  // What the library would verify: the lossy decoding of the bytes.
  const signedDecoding = signedRequest(URL, SECRET, '{"a":"\uFFFD"}');
  const invalid = new Request(URL, {
    method: "POST",
    headers: signedDecoding.headers,
    body: new Uint8Array([...new TextEncoder().encode('{"a":"'), 0xff, 0x22, 0x7d]),
  });
  await assertAnswer(await handler()(invalid), 400, { error: "invalid_signature" });
});

Deno.test("clerk-webhook answers 400 to a signed body that is not JSON", async () => {
  for (const body of ["", "{", "undefined", '\uFEFF{"success":true}']) {
    const response = await handler()(signedRequest(URL, SECRET, body));
    await assertAnswer(response, 400, { error: "invalid_json" });
  }
});

Deno.test("clerk-webhook ignores a signed body that is not an event it mirrors", async () => {
  const bodies: unknown[] = [
    { success: true },
    null,
    [],
    "user.created",
    1,
    { type: null },
    { type: "user.teleported", data: { id: "user_1" } },
    { type: "__proto__", data: {} },
    { type: "constructor", data: {} },
    sampleEvent("email.created"),
    sampleEvent("sms.created"),
  ];
  for (const body of bodies) {
    const response = await handler()(signedRequest(URL, SECRET, JSON.stringify(body)));
    await assertAnswer(response, 200, { outcome: "ignored" });
  }
});

Deno.test("clerk-webhook ignores and counts other instances' events if CLERK_INSTANCE_ID names one", async () => {
  const calls: string[] = [];
  const lines: string[] = [];
  const receive = handler({ CLERK_INSTANCE_ID: "ins_ours" }, {
    createDatabase: () => ({ rpc }) => {
      calls.push(rpc);
      return Promise.resolve(rpc === "count_foreign_webhook" ? "ignored" : "applied");
    },
    log: (line) => lines.push(line),
  });
  const send = async (instance_id: unknown) => {
    const body = JSON.stringify({ ...sampleEvent("user.created"), instance_id });
    return await receive(signedRequest(URL, SECRET, body));
  };
  await assertAnswer(await send("ins_other"), 200, { outcome: "ignored" });
  for (const ours of ["ins_ours", undefined, "", "ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S"]) {
    await assertAnswer(await send(ours), 200, { outcome: "applied" });
  }
  assert.deepEqual(calls, ["count_foreign_webhook", ...Array(4).fill("upsert_profiles")]);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).reason),
    ["another_instance", ...Array(4).fill(undefined)],
  );
});

Deno.test("clerk-webhook answers 413 to a declared length over the limit without reading the body", async () => {
  let wasRead = false;
  const body = new ReadableStream({
    pull() {
      wasRead = true;
    },
  }, { highWaterMark: 0 });
  const { headers } = signedRequest(URL, SECRET, ping);
  headers.set("content-length", String(1024 * 1024 + 1));
  const response = await handler()(new Request(URL, { method: "POST", headers, body }));
  await assertAnswer(response, 413, { error: "too_large" });
  assert.equal(wasRead, false);
});

Deno.test("clerk-webhook stops reading soon after the limit is passed, and answers 413", async () => {
  const chunk = new Uint8Array(64 * 1024);
  let chunks = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks++;
      controller.enqueue(chunk);
    },
    cancel() {
      isCancelled = true;
    },
  });
  const { headers } = signedRequest(URL, SECRET, ping);
  const response = await handler()(new Request(URL, { method: "POST", headers, body: endless }));
  await assertAnswer(response, 413, { error: "too_large" });
  assert.ok(isCancelled, "the rest is not read");
  assert.ok(chunks <= 19, `1 MiB has 16 chunks, ${chunks} were read`);
});

Deno.test("clerk-webhook accepts a body of exactly 1 MiB", async () => {
  const body = JSON.stringify("x".repeat(1024 * 1024 - 2));
  await assertAnswer(await handler()(signedRequest(URL, SECRET, body)), 200, {
    outcome: "ignored",
  });
});

Deno.test("clerk-webhook answers 500 if misconfigured, and logs which variable is wrong but not its value", async () => {
  const complete = {
    CLERK_WEBHOOK_SIGNING_SECRET: SECRET,
    SUPABASE_URL: NOWHERE,
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret_test"}',
  };
  const wrong: [string, Record<string, string>][] = [
    ["CLERK_WEBHOOK_SIGNING_SECRET", { CLERK_WEBHOOK_SIGNING_SECRET: "" }],
    ["CLERK_WEBHOOK_SIGNING_SECRET", { CLERK_WEBHOOK_SIGNING_SECRET: " , " }],
    ["CLERK_WEBHOOK_SIGNING_SECRET", { CLERK_WEBHOOK_SIGNING_SECRET: "sk_test_pasted" }],
    ["CLERK_WEBHOOK_SIGNING_SECRET", { CLERK_WEBHOOK_SIGNING_SECRET: "whsec_!" }],
    ["CLERK_WEBHOOK_SIGNING_SECRET", { CLERK_WEBHOOK_SIGNING_SECRET: "whsec_AA==" }],
    [
      "CLERK_WEBHOOK_SIGNING_SECRET",
      { CLERK_WEBHOOK_SIGNING_SECRET: `${SECRET} whsec_${btoa("23 bytes are too short.")}` },
    ],
    [
      "CLERK_WEBHOOK_SECRET",
      { CLERK_WEBHOOK_SIGNING_SECRET: "", CLERK_WEBHOOK_SECRET: "whsec_!" },
    ],
    ["SUPABASE_URL", { SUPABASE_URL: "" }],
    ["SUPABASE_URL", { SUPABASE_URL: "db.example.com" }],
    ["SUPABASE_SECRET_KEYS", { SUPABASE_SECRET_KEYS: "" }],
    ["SUPABASE_SECRET_KEYS", { SUPABASE_SECRET_KEYS: "sb_secret_bare" }],
    ["SUPABASE_SECRET_KEYS", { SUPABASE_SECRET_KEYS: "{}" }],
    ["SUPABASE_SECRET_KEYS", { SUPABASE_SECRET_KEYS: '{"default":1}' }],
    ["LOG_SUCCESSES", { LOG_SUCCESSES: "some" }],
  ];
  for (const [variable, change] of wrong) {
    const lines: string[] = [];
    const misconfigured = handlerWith({ ...complete, ...change }, {
      log: (line) => lines.push(line),
    });
    const response = await misconfigured(signedRequest(URL, SECRET, ping));
    await assertAnswer(response, 500, { error: "misconfigured" });
    const log = JSON.parse(lines.join("\n"));
    assert.equal(log.variable, variable, JSON.stringify(change));
    assert.ok(!lines.join().includes("pasted"), "the log shows no part of a secret");
  }
});

Deno.test("clerk-webhook falls back to CLERK_WEBHOOK_SECRET and SUPABASE_SERVICE_ROLE_KEY", async () => {
  const response = await handlerWith({
    CLERK_WEBHOOK_SECRET: SECRET,
    SUPABASE_URL: NOWHERE,
    SUPABASE_SERVICE_ROLE_KEY: "ey.service.role",
  })(signedRequest(URL, SECRET, ping));
  await assertAnswer(response, 200, { outcome: "ignored" });
});

Deno.test("clerk-webhook answers 503 with retry-after if the database can't be reached", async () => {
  const response = await handler()(
    signedRequest(URL, SECRET, JSON.stringify(sampleEvent("user.created"))),
  );
  assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
  await assertAnswer(response, 503, { error: "unavailable" });
});

Deno.test("clerk-webhook answers 503 if the database doesn't answer in time", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const slow = handler({ SUPABASE_URL: `http://127.0.0.1:${listener.addr.port}` }, {
    createDatabase: (options) => createDatabase({ ...options, timeout: 50 }),
  });
  const response = await slow(
    signedRequest(URL, SECRET, JSON.stringify(sampleEvent("user.created"))),
  );
  await assertAnswer(response, 503, { error: "unavailable" });
});

Deno.test("clerk-webhook decides by the SQLSTATE, not the HTTP status, whether an error is worth a retry", async () => {
  const answers: [string, number, number][] = [
    ["40P01", 500, 503],
    ["55P03", 500, 503],
    ["57014", 500, 503],
    ["53300", 503, 503],
    ["PGRST202", 404, 503],
    ["42501", 403, 503],
    ["22P05", 400, 202],
    ["23502", 400, 202],
    ["54000", 500, 202],
  ];
  for (const [code, restStatus, status] of answers) {
    let calls = 0;
    await using listener = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      calls++;
      return calls === 1
        ? Response.json({ code, message: "text of the database" }, { status: restStatus })
        : Response.json("dead_lettered");
    });
    const response = await handler({ SUPABASE_URL: `http://127.0.0.1:${listener.addr.port}` })(
      signedRequest(URL, SECRET, JSON.stringify(sampleEvent("user.created"))),
    );
    const body = await response.text();
    assert.equal(response.status, status, code);
    assert.ok(!body.includes("text of the database"), "no text of the database in the answer");
  }
});

Deno.test("clerk-webhook answers 503 if not even the dead letter can be stored", async () => {
  await using listener = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => Response.json({ code: "22P02", message: "no" }, { status: 400 }),
  );
  const response = await handler({ SUPABASE_URL: `http://127.0.0.1:${listener.addr.port}` })(
    signedRequest(URL, SECRET, JSON.stringify(sampleEvent("user.created"))),
  );
  assert.ok(response.headers.has("retry-after"));
  await assertAnswer(response, 503, { error: "unavailable" });
});

Deno.test("clerk-webhook makes one database call per event, and creates its client once", async () => {
  await using mirror = await openMirror();
  let calls = 0;
  let clients = 0;
  const counting = handler({
    CLERK_WEBHOOK_SIGNING_SECRET: mirror.signingSecret,
    SUPABASE_URL: mirror.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
    ...namingEnv(mirror.naming),
  }, {
    createDatabase(options) {
      clients++;
      const call = createDatabase(options);
      return (arguments_) => {
        calls++;
        return call(arguments_);
      };
    },
  });
  for (const type of ["user.created", "session.created", "organizationMembership.created"]) {
    const body = JSON.stringify(sampleEvent(type));
    const response = await counting(signedRequest(URL, mirror.signingSecret, body));
    await assertAnswer(response, 200, { outcome: "applied" });
  }
  assert.deepEqual({ calls, clients }, { calls: 3, clients: 1 });
});

Deno.test("clerk-webhook logs one line per request, without personal data", async () => {
  const lines: string[] = [];
  const logging = handler({}, { log: (line) => lines.push(line) });
  const id = newId("msg");
  const send = async (body: string, secret = SECRET) => {
    const response = await logging(signedRequest(URL, secret, body, { id }));
    await response.body?.cancel();
    return JSON.parse(lines.pop() ?? "null");
  };

  const ignored = await send(JSON.stringify(sampleEvent("email.created")));
  assert.deepEqual(
    { ...ignored, duration_ms: undefined },
    {
      webhook_id: id,
      type: "email.created",
      outcome: "ignored",
      status: 200,
      duration_ms: undefined,
    },
  );
  assert.equal(typeof ignored.duration_ms, "number");

  const failed = await send(JSON.stringify(sampleEvent("user.created")));
  assert.deepEqual([failed.error, failed.webhook_id, failed.type], [
    "unavailable",
    id,
    "user.created",
  ]);
  assert.ok(!JSON.stringify(failed).includes("ada"));

  const forged = await send(JSON.stringify(sampleEvent("user.created")), newSigningSecret());
  assert.deepEqual(
    Object.keys(forged).sort(),
    ["duration_ms", "error", "status"],
    "nothing unverified",
  );
  assert.deepEqual(lines, []);
});

Deno.test("importing any module of clerk-webhook has no side effects", async () => {
  const folder = new globalThis.URL("../functions/clerk-webhook/", import.meta.url);
  const imports = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => `await import(${JSON.stringify(new globalThis.URL(name, folder).href)});`);
  const child = new Deno.Command(Deno.execPath(), {
    // The environment is what index.ts reads; the network, files to write and programs are closed.
    args: ["run", "--no-prompt", "--allow-read", "--allow-env", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(imports.join("\n")));
  await stdin.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  assert.equal(decoder.decode(stdout), "");
});
