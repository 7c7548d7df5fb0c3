/** clerk-refresh reads the signed-in user from Clerk, before any webhook has arrived. */
import assert from "node:assert/strict";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { serveRefresh } from "../tools/development/stack/serve_refresh.ts";
import { sessionToken } from "../tools/development/stack/session_token.ts";
import { type ClerkApiOptions, startClerkApi } from "./helpers/clerk/api.ts";
import { newMembership, newOrganization, newUser } from "./helpers/clerk/objects.ts";
import { countRows, openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { test } from "./helpers/naming.ts";

/** A mirror that serves the function, and a Clerk instance. */
async function open(options: ClerkApiOptions = {}, env: Record<string, string> = {}) {
  const mirror = await openOwnMirror();
  const clerk = startClerkApi(options);
  const lines: string[] = [];
  serveRefresh(mirror.stack, {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    ...env,
  }, { log: (line) => lines.push(line) });
  return {
    mirror,
    clerk,
    lines,
    async [Symbol.asyncDispose]() {
      await clerk[Symbol.asyncDispose]();
      await mirror[Symbol.asyncDispose]();
    },
  };
}

/** Asks as a browser does. */
async function refresh({ apiUrl, keys }: OwnMirror, token: string | undefined, method = "POST") {
  const response = await fetch(`${apiUrl}/functions/v1/clerk-refresh`, {
    method,
    headers: {
      apikey: keys.publishableKey,
      origin: "https://app.example.com",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

const tokenOf = ({ keys }: OwnMirror, id: string) => sessionToken(id, keys.jwtSecret);

Deno.test("clerk-refresh writes the caller and their memberships from Clerk, and webhooks go on from there", async () => {
  await using test = await open();
  const { mirror, clerk } = test;
  const at = Date.now() - 60_000;
  const user = clerk.users.add(newUser(at));
  const stranger = clerk.users.add(newUser(at));
  const organization = clerk.organizations.add(newOrganization(at));
  const membership = clerk.memberships.add(newMembership(user, organization, at));
  clerk.memberships.add(newMembership(stranger, organization, at));
  const { status, body, headers } = await refresh(mirror, await tokenOf(mirror, user.id));
  assert.deepEqual([status, body], [200, { outcome: "refreshed", memberships: 1 }]);
  assert.equal(headers.get("access-control-allow-origin"), "*");

  const client = mirror.asUser(user.id);
  const { data: profile } = await client.from("profiles").select().single();
  assert.equal(profile?.first_name, user.first_name);
  const { data: memberships } = await client.from("organization_memberships").select("id, role");
  assert.deepEqual(memberships, [{ id: membership.id, role: membership.role }]);
  assert.equal(await countRows(mirror, "profiles"), 1, "the caller and nobody else");

  const created = { type: "user.created", timestamp: Date.now(), data: user };
  assert.equal((await mirror.send(created)).outcome, "applied");
  assert.equal(
    (await mirror.send(sampleEvent("user.deleted", { data: { id: user.id } }))).outcome,
    "applied",
  );
  assert.equal((await refresh(mirror, await tokenOf(mirror, user.id))).status, 403);
  assert.equal(await countRows(mirror, "profiles"), 0);
  assert.equal(await countRows(mirror, "clerk_sync.refreshes"), 0, "nothing is left of the user");
});

test.underOwnNames("clerk-refresh serves each user once in ten seconds, and answers 429 to their other requests", async () => {
  await using test = await open();
  const { mirror, clerk } = test;
  const [user, other] = [clerk.users.add(newUser(0)), clerk.users.add(newUser(0))];
  const token = await tokenOf(mirror, user.id);
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(mirror, token)));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array(9).fill(429)]);
  const early = answers.find(({ status }) => status === 429);
  assert.deepEqual(early?.body, { error: "too_early" });
  assert.ok(Number(early?.headers.get("retry-after")) >= 1);
  assert.equal(clerk.counts.path.get(`/users/${user.id}`), 1);
  assert.equal((await refresh(mirror, await tokenOf(mirror, other.id))).status, 200);
  await mirror.sql`update clerk_sync.refreshes set refreshed_at = now() - interval '10 s'`;
  assert.equal((await refresh(mirror, token)).status, 200);
});

test.underOwnNames("clerk-refresh refuses callers who are not Clerk users, and logs no ids", async () => {
  await using test = await open();
  const { mirror, clerk, lines } = test;
  const id = newId("user");
  const forged = await sessionToken(id, "another secret that signs tokens of its own");
  const cases: [string | undefined, string, number, string][] = [
    [undefined, "POST", 401, "unauthorized"],
    ["no token", "POST", 401, "unauthorized"],
    [forged, "POST", 401, "unauthorized"],
    [await tokenOf(mirror, newId("org")), "POST", 403, "no_profile"],
    [await tokenOf(mirror, id), "GET", 405, "method_not_allowed"],
    [await tokenOf(mirror, id), "POST", 404, "not_found"],
  ];
  for (const [token, method, status, error] of cases) {
    const answer = await refresh(mirror, token, method);
    assert.deepEqual([answer.status, answer.body], [status, { error }]);
  }
  assert.equal((await refresh(mirror, undefined, "OPTIONS")).status, 204);
  assert.deepEqual([...clerk.counts.path.keys()], [`/users/${id}`]);
  for (const line of lines) assert.ok(!line.includes(id));
});

test.underOwnNames("clerk-refresh is off without CLERK_SECRET_KEY, and reports a wrong key or an unreachable Clerk", async () => {
  const id = newId("user");
  {
    await using test = await open({}, { CLERK_SECRET_KEY: "" });
    const { status, body } = await refresh(test.mirror, await tokenOf(test.mirror, id));
    assert.deepEqual([status, body], [404, { error: "off" }]);
  }
  const troubles: [Record<string, string>, number, string, RegExp][] = [
    [{ CLERK_SECRET_KEY: "sk_test_other" }, 500, "misconfigured", /"CLERK_SECRET_KEY".*refuses/],
    [{ CLERK_SECRET_KEY: "whsec_x" }, 500, "misconfigured", /begins with neither/],
    [{ CLERK_API_URL: "http://127.0.0.1:1" }, 503, "unavailable", /reason/],
  ];
  for (const [env, status, error, line] of troubles) {
    await using test = await open({}, env);
    const answer = await refresh(test.mirror, await tokenOf(test.mirror, id));
    assert.deepEqual([answer.status, answer.body], [status, { error }]);
    assert.match(test.lines.at(-1) ?? "", line);
    assert.equal(answer.headers.get("retry-after"), status === 503 ? "5" : null);
  }
});
