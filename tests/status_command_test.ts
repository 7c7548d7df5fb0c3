/** The status command: its exit status, its output for people and for programs, and --watch. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { newSigningSecret } from "../tools/development/events/signed_request.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { freePort } from "../tools/development/stack/stack.ts";
import { finish } from "./helpers/command.ts";
import { commandEnv, openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { recordReconciliation, schedule } from "./helpers/status.ts";

/** What tells the command of a mirror. */
function envOf(mirror: OwnMirror): Record<string, string> {
  return {
    ...commandEnv(mirror),
    CLERK_WEBHOOK_SIGNING_SECRET: mirror.signingSecret,
    CLERK_WEBHOOK_SECRET: "",
  };
}

/** A mirror of which every line is well. */
async function openWellMirror(): Promise<OwnMirror> {
  const mirror = await openOwnMirror();
  await schedule(mirror);
  await mirror.send(sampleEvent("user.created"));
  await recordReconciliation(mirror);
  return mirror;
}

const run = (env: Record<string, string>, ...args: string[]) =>
  finish(taskCommand("status", args, env));

Deno.test("status exits with 0, 1 or 2 by its worst line, and prints no secret", async (t) => {
  await using mirror = await openWellMirror();
  const env = envOf(mirror);
  const assertSecret = (output: string) => {
    for (const secret of [mirror.keys.secretKey, mirror.signingSecret]) {
      assert.ok(!output.includes(secret));
    }
  };

  await t.step("0: all is well", async () => {
    const { code, output } = await run(env);
    assert.equal(code, 0, output);
    assert.match(output, /^ {2}well {4}Database +Answered in \d+ ms$/m);
    assert.match(output, /^All is well, \d{4}-\d\d-\d\dT/m);
    assert.doesNotMatch(output, /→/, "nothing to do");
    assertSecret(output);
  });

  await t.step("1: something is worth a look, and what to do stands below it", async () => {
    await mirror.send({ ...sampleEvent("user.created"), instance_id: "ins_other" });
    const { code, output } = await run(env);
    assert.equal(code, 1, output);
    assert.match(output, /^ {2}look {4}Other instances .*\n +→ Delete that instance's endpoint/m);
    assert.match(output, /^Something is worth a look, /m);
  });

  await t.step("2: something is broken", async () => {
    const { code, output } = await run(env, "--secret", newSigningSecret());
    assert.equal(code, 2, output);
    assert.match(output, /^ {2}broken {2}Function +It refused the signature/m);
    assert.match(output, /^Something is broken, /m);
    assertSecret(output);
  });

  await t.step("2: the project doesn't answer", async () => {
    const { code, output } = await run(env, "--url", `http://127.0.0.1:${freePort()}`);
    assert.equal(code, 2, output);
    assert.match(output, /^ {2}broken {2}Database +Nothing answers/m);
  });
});

Deno.test("status --json prints the whole report, and --watch repeats it until interrupted", async () => {
  await using mirror = await openWellMirror();
  const { code, output } = await run(envOf(mirror), "--json");
  assert.equal(code, 0, output);
  const { level, takenAt, lines, facts } = JSON.parse(output);
  assert.equal(level, "well");
  assert.ok(Date.parse(takenAt) > 0);
  assert.ok(lines.length >= 12);
  for (const line of lines) assert.deepEqual(Object.keys(line), ["name", "level", "text"]);
  assert.equal(facts.last_hour.applied, 1);

  const child = taskCommand("status", ["--json", "--watch", "0.2"], envOf(mirror)).spawn();
  const ended = child.status;
  const levels: string[] = [];
  let isInterrupted = false;
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      levels.push(JSON.parse(stripVTControlCharacters(text.slice(0, end))).level);
      text = text.slice(end + 1);
      if (levels.length === 2) {
        await mirror.send({ ...sampleEvent("user.created"), instance_id: "ins_other" });
      }
    }
    if (levels.includes("look") && !isInterrupted) {
      isInterrupted = true;
      child.kill("SIGINT");
    }
  }
  await child.stderr.cancel();
  assert.deepEqual(levels.slice(0, 2), ["well", "well"]);
  assert.equal(levels.at(-1), "look");
  assert.equal((await ended).code, 1, "that of the last look");
});

Deno.test("status takes project, key, function and secret as options too", async () => {
  await using mirror = await openWellMirror();
  const env = {
    ...envOf(mirror),
    SUPABASE_URL: "",
    SUPABASE_SECRET_KEYS: "",
    CLERK_WEBHOOK_SIGNING_SECRET: "",
  };
  const { code, output } = await run(
    env,
    "--url",
    mirror.apiUrl,
    "--key",
    mirror.keys.secretKey,
    "--function-url",
    mirror.webhookUrl,
    "--secret",
    mirror.signingSecret,
  );
  assert.equal(code, 0, output);
  assert.match(output, /the secret is right/);

  const single = await run({
    ...env,
    SUPABASE_URL: mirror.apiUrl,
    SUPABASE_SECRET_KEY: mirror.keys.secretKey,
  });
  assert.equal(single.code, 0, single.output);
  assert.match(single.output, /not checked, since CLERK_WEBHOOK_SIGNING_SECRET is not set here/);

  const nothing = await run(env);
  assert.equal(nothing.code, 2, nothing.output);
  assert.match(nothing.output, /^SUPABASE_URL: The address of the project is not set$/m);
});

Deno.test("status --watch refuses what is not a number of seconds", async () => {
  const { code, output } = await run({ MIRROR_ENV_FILE: "none" }, "--watch", "often");
  assert.equal(code, 2, output);
  assert.match(output, /"--watch often" is not a number of seconds/);
});
