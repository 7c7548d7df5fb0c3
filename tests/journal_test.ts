/**
 * The function's log in a burst: every failure is logged, successes are sampled, and what is left out
 * is counted.
 */
import assert from "node:assert/strict";
import { createJournal } from "../functions/_shared/journal.ts";
import { createHandler } from "../functions/clerk-webhook/handler.ts";
import { readConfig } from "../functions/clerk-webhook/env.ts";
import { Inapplicable, Unavailable } from "../functions/clerk-webhook/errors.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";

const URL_ = "http://localhost/functions/v1/clerk-webhook";
const SECRET = newSigningSecret();

/** What a hosted function keeps of ten seconds. */
const KEPT_LINES = 100;

/** A function whose database answers as it is told, and what its log says. */
function functionWith(env: Record<string, string>, rpc: (call: number) => unknown) {
  const lines: Record<string, unknown>[] = [];
  let calls = 0;
  const variables = new Map(Object.entries({
    CLERK_WEBHOOK_SIGNING_SECRET: SECRET,
    SUPABASE_URL: "http://127.0.0.1:1",
    SUPABASE_SECRET_KEYS: '{"default":"sb_secret_test"}',
    ...env,
  }));
  const receive = createHandler({
    config: readConfig({ get: (name) => variables.get(name) }),
    createDatabase: () => async ({ rpc: name }) =>
      name === "keep_dead_letter" ? "dead_lettered" : await rpc(calls++),
    log: (line) => lines.push(JSON.parse(line)),
  });
  return {
    lines,
    async burst(size: number) {
      for (let webhook = 0; webhook < size; webhook++) {
        const body = JSON.stringify(sampleEvent("user.created"));
        await receive(signedRequest(URL_, SECRET, body));
      }
    },
  };
}

Deno.test("a burst logs every failure and some successes, within what a hosted log keeps", async () => {
  const isFailing = (call: number) => call % 20 === 7;
  const { lines, burst } = functionWith({}, (call) => {
    if (!isFailing(call)) return "applied";
    throw call % 40 === 7 ? new Unavailable("57014") : new Inapplicable("23514: not so");
  });
  await burst(600);
  assert.ok(lines.length <= KEPT_LINES, `${lines.length} lines`);
  assert.equal(lines.filter(({ code }) => code === "57014").length, 15);
  assert.equal(lines.filter(({ status }) => status === 202).length, 15);
  const well = lines.filter(({ outcome }) => outcome === "applied");
  assert.equal(well.length, 20, "and some of what went well");
});

Deno.test("LOG_SUCCESSES sets how many successes are logged", async () => {
  for (const [value, expected] of [["all", 50], ["3", 3], ["0", 0]] as const) {
    const { lines, burst } = functionWith({ LOG_SUCCESSES: value }, () => "applied");
    await burst(50);
    assert.equal(lines.length, expected, value);
  }
});

Deno.test("createJournal() starts over every ten seconds, and logs how many successes it left out", () => {
  const lines: string[] = [];
  let time = 5_000;
  const journal = createJournal({ successes: 2, log: (line) => lines.push(line), now: () => time });
  for (let number = 1; number <= 6; number++) journal.succeed({ number });
  journal.fail({ error: "unavailable" });
  time += 9_999;
  journal.succeed({ number: 7 });
  time += 1;
  journal.succeed({ number: 8 });
  journal.succeed({ number: 9 });
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [
    { number: 1 },
    { number: 2 },
    { error: "unavailable" },
    { number: 8, unlogged: 5 },
    { number: 9 },
  ]);
});
