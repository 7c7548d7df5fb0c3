/** The command `console`: it says where the page is, serves it, and ends when it is interrupted. */
import assert from "node:assert/strict";
import { taskCommand } from "../tools/cli/task_command.ts";
import { finish, type Finished } from "./helpers/command.ts";
import { type Mirror, openMirror } from "./helpers/mirror.ts";

/** Milliseconds within which it has to be up. */
const DEADLINE = 60_000;

interface Running {
  link: URL;
  token: string;
  /** All that it has said until it told the link. */
  output: string;
  signal(name: Deno.Signal): void;
  ended: Promise<Finished>;
}

/** No project of whoever runs the tests. */
const NO_PROJECT = {
  SUPABASE_URL: "",
  SUPABASE_SECRET_KEYS: "",
  SUPABASE_SERVICE_ROLE_KEY: "",
  SUPABASE_SECRET_KEY: "",
  CLERK_WEBHOOK_SIGNING_SECRET: "",
  CLERK_WEBHOOK_SECRET: "",
  MIRROR_ENV_FILE: "/nowhere/env",
  MIRROR_DEV_FOLDER: "/tmp/nowhere",
};

function namingOf({ naming }: Mirror): Record<string, string> {
  return { CLERK_MIRROR_SCHEMA: naming.schema, CLERK_MIRROR_PREFIX: naming.prefix };
}

async function startCommand(args: string[], env: Record<string, string>): Promise<Running> {
  const child = taskCommand("console", args, { ...NO_PROJECT, ...env }).spawn();
  const [shown, rest] = child.stdout.tee();
  const ended = Promise.all([
    child.status,
    new Response(rest).text(),
    new Response(child.stderr).text(),
  ]).then(([{ code }, stdout, stderr]) => ({ code, output: stdout + stderr }));
  const timeout = setTimeout(() => child.kill("SIGTERM"), DEADLINE);
  let output = "";
  for await (const part of shown.pipeThrough(new TextDecoderStream())) {
    output += part;
    if (output.includes("Ctrl-C")) break;
  }
  clearTimeout(timeout);
  const [link, token = ""] = /http:\/\/127\.0\.0\.1:\d+\/#token=([\w-]+)/.exec(output) ?? [];
  if (link === undefined) throw new Error(`It did not start: ${(await ended).output}`);
  return { link: new URL(link), token, output, signal: (name) => child.kill(name), ended };
}

async function ask({ link, token }: Running, path: string) {
  const response = await fetch(new URL(path, link), { headers: { "x-console-token": token } });
  return { status: response.status, answer: await response.json() };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`console prints one link, serves the project it is given, and ends clean on ${signal}`, async () => {
    await using mirror = await openMirror();
    const running = await startCommand(
      ["--url", mirror.apiUrl, "--key", mirror.keys.secretKey, "--no-open"],
      namingOf(mirror),
    );
    try {
      assert.equal(running.output.split("http://").length, 2, running.output);
      assert.ok(!running.output.includes(mirror.keys.secretKey));
      assert.equal((await fetch(new URL("/", running.link))).status, 200);
      assert.equal((await fetch(new URL("/api/events", running.link))).status, 401);
      assert.equal((await ask(running, "/api/events?limit=1")).status, 200);
      const project = await ask(running, "/api/project");
      assert.deepEqual([project.answer.url, project.answer.isDev], [mirror.apiUrl, false]);
    } finally {
      running.signal(signal);
    }
    assert.equal((await running.ended).code, 0);
    await assert.rejects(fetch(running.link));
  });
}

Deno.test("console takes the project from the environment, and the port it is given", async () => {
  await using mirror = await openMirror();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const env = {
    ...namingOf(mirror),
    SUPABASE_URL: mirror.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
  };
  const args = ["--no-open", "--port", String(port)];
  const taken = await finish(taskCommand("console", args, { ...NO_PROJECT, ...env }));
  assert.equal(taken.code, 1);
  assert.match(
    taken.output,
    new RegExp(`^The console can't listen on port ${port}: it is taken$`, "m"),
  );
  listener.close();

  const running = await startCommand(args, env);
  try {
    assert.equal(running.link.port, String(port));
    assert.equal((await ask(running, "/api/effects")).status, 200);
  } finally {
    running.signal("SIGINT");
  }
  assert.equal((await running.ended).code, 0);
});

Deno.test("console without a project, or without its key, says so in a sentence", async () => {
  const run = (...args: string[]) => finish(taskCommand("console", args, NO_PROJECT));
  const nowhere = await run("--no-open");
  assert.deepEqual([nowhere.code, nowhere.output.split("\n").length], [1, 2], nowhere.output);
  assert.match(nowhere.output, /address of the project is not set/);
  const keyless = await run("--url", "http://127.0.0.1:1", "--no-open");
  assert.match(keyless.output, /No secret key is set/);
  assert.equal(keyless.code, 1);
});
