/** Deployed with the real CLI, started from what was uploaded alone, on both Denos that matter. */
import assert from "node:assert/strict";
import { bundleFunctions } from "../tools/deploy/bundle_functions.ts";
import { deliver } from "../tools/events/deliver.ts";
import { sampleEvent } from "../tools/events/sample_event.ts";
import { signedRequest } from "../tools/events/signed_request.ts";
import { deploy, type Deployment } from "./helpers/deployment.ts";
import { installEdgeRuntimeDeno } from "./helpers/edge_runtime_deno.ts";
import { type Mirror, openMirror } from "./helpers/mirror.ts";
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

/** What each function does once it is deployed. */
const FUNCTIONS = {
  "clerk-webhook": passesAWebhook,
  "clerk-effects": drainsTheOutbox,
  "clerk-refresh": isOffWithoutAKey,
};

for (const [name, works] of Object.entries(FUNCTIONS)) {
  Deno.test(`supabase functions deploy uploads ${name}, which runs from its upload alone`, async (t) => {
    await using mirror = await openMirror();
    const deployment = await deploy(name);
    await t.step("only the functions' own files are uploaded", () => {
      for (const path of deployment.files.keys()) assert.match(path, /^functions\//);
    });
    await runsAnywhere(t, deployment, mirror, works);
  });

  Deno.test(`${name} can be deployed as a single file, with all that it imports`, async (t) => {
    await using mirror = await openMirror();
    await using folder = await temporaryFolder();
    await bundleFunctions(folder.path);
    const deployment = await deploy(name, folder.path);
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

  await t.step("it runs on the Deno that this project uses", async () => {
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
