/**
 * Each function deployed with the real CLI, and run from its upload alone, on both versions of Deno
 * that matter.
 */
import assert from "node:assert/strict";
import { bundleFunctions } from "../tools/packaging/bundle_functions.ts";
import { deliver } from "../tools/development/events/deliver.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { signedRequest } from "../tools/development/events/signed_request.ts";
import { startClerkApi } from "./helpers/clerk/api.ts";
import { newUser } from "./helpers/clerk/objects.ts";
import { deploy, type Deployment } from "./helpers/deployment.ts";
import { installEdgeRuntimeDeno } from "./helpers/edge_runtime_deno.ts";
import { type Mirror, openMirror, openOwnMirror } from "./helpers/mirror.ts";
import { namingEnv } from "./helpers/naming.ts";
import { temporaryFolder, whileServing } from "./helpers/serve_deployment.ts";

async function passesAWebhook(deno: string, deployment: Deployment, mirror: Mirror): Promise<void> {
  const { lines, stderr } = await whileServing(deno, deployment, mirror, async (url) => {
    const event = sampleEvent("user.created");
    const request = () => signedRequest(url, mirror.signingSecret, JSON.stringify(event));
    assert.deepEqual((await deliver(request())).outcome, "applied");
    const [row] = await mirror.sql`select email from profiles where id = ${event.data.id}`;
    assert.equal(row?.email, "ada@example.com");

    const forged = request();
    forged.headers.set("svix-signature", "v1,AAAA");
    assert.deepEqual((await deliver(forged)).outcome, "invalid_signature");
  });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ outcome, error }) => outcome ?? error),
    ["applied", "invalid_signature"],
    stderr,
  );
}

async function drainsTheOutbox(
  deno: string,
  deployment: Deployment,
  mirror: Mirror,
): Promise<void> {
  await whileServing(deno, deployment, mirror, async (url) => {
    const post = (apikey: string) => fetch(url, { method: "POST", headers: { apikey } });
    const drained = await post(mirror.keys.secretKey);
    assert.deepEqual(
      [drained.status, await drained.json()],
      [200, { completed: 0, retried: 0, parked: 0 }],
    );
    const refused = await post(mirror.keys.publishableKey);
    assert.deepEqual([refused.status, await refused.json()], [401, { error: "unauthorized" }]);
  });
}

async function isOffWithoutAKey(
  deno: string,
  deployment: Deployment,
  mirror: Mirror,
): Promise<void> {
  await whileServing(deno, deployment, mirror, async (url) => {
    const response = await fetch(url, { method: "POST" });
    assert.deepEqual([response.status, await response.json()], [404, { error: "off" }]);
  });
}

/** On a mirror of its own: there is one run at a time. */
async function backfills(deno: string, deployment: Deployment): Promise<void> {
  await using mirror = await openOwnMirror();
  await using clerk = startClerkApi();
  const user = clerk.users.add(newUser(Date.UTC(2026, 0, 1)));
  const { lines, stderr } = await whileServing(deno, deployment, mirror, async (url) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { apikey: mirror.keys.secretKey },
      body: JSON.stringify({ kind: "backfill", ask_again: false }),
    });
    const { state, reason } = await response.json();
    assert.deepEqual([response.status, state, reason], [200, "done", undefined]);
  }, {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    ...namingEnv(mirror.naming),
  });
  assert.equal(lines.length, 1, stderr);
  const [row] = await mirror.sql`select first_name from profiles where id = ${user.id}`;
  assert.equal(row?.first_name, user.first_name);
}

/** What each function does once it is deployed. */
const FUNCTIONS = {
  "clerk-webhook": passesAWebhook,
  "clerk-effects": drainsTheOutbox,
  "clerk-refresh": isOffWithoutAKey,
  "clerk-reconcile": backfills,
};

for (const [functionName, works] of Object.entries(FUNCTIONS)) {
  Deno.test(`supabase functions deploy uploads all that ${functionName} needs to run`, async (t) => {
    await using mirror = await openMirror();
    const deployment = await deploy(functionName);
    await t.step("only files of the functions are uploaded", () => {
      for (const path of deployment.files.keys()) assert.match(path, /^functions\//);
    });
    await runsAnywhere(t, deployment, mirror, works);
  });

  Deno.test(`${functionName} can be deployed as a single file, with all that it imports`, async (t) => {
    await using mirror = await openMirror();
    await using folder = await temporaryFolder();
    await bundleFunctions(folder.path);
    const deployment = await deploy(functionName, folder.path);
    await t.step("it is one file", () => {
      const paths = [...deployment.files.keys()];
      assert.deepEqual(paths.filter((path) => path.endsWith(".js")).length, 1);
      assert.deepEqual(paths.filter((path) => !/\/(?:index\.js|deno\.json)$/.test(path)), []);
    });
    await runsAnywhere(t, deployment, mirror, works);
  });
}

async function runsAnywhere(
  t: Deno.TestContext,
  deployment: Deployment,
  mirror: Mirror,
  works: (deno: string, deployment: Deployment, mirror: Mirror) => Promise<void>,
): Promise<void> {
  await t.step("verify_jwt is off", () => {
    assert.equal(deployment.metadata.verify_jwt, false);
  });

  await t.step("it runs on this project's Deno", async () => {
    await works(Deno.execPath(), deployment, mirror);
  });

  await t.step("it runs on the Deno that Supabase's edge runtime embeds", async () => {
    await using folder = await temporaryFolder();
    const deno = await installEdgeRuntimeDeno(folder.path);
    const { stdout } = await new Deno.Command(deno, { args: ["--version"] }).output();
    assert.match(new TextDecoder().decode(stdout), /^deno 2\.1\.4 /);
    await works(deno, deployment, mirror);
  });
}
