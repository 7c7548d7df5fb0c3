/** The console command: it prints the link, serves the page, and ends when it is interrupted. */
import assert from "node:assert/strict";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { finish } from "./helpers/command.ts";
import { startConsoleCommand } from "./helpers/console_command.ts";
import { openMirror } from "./helpers/mirror.ts";
import { namingEnv } from "./helpers/naming.ts";

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

function startCommand(args: string[], env: Record<string, string>) {
  return startConsoleCommand(taskCommand("console", args, { ...NO_PROJECT, ...env }));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`console prints one link, serves the project it is given, and exits cleanly on ${signal}`, async () => {
    await using mirror = await openMirror();
    const running = await startCommand(
      ["--url", mirror.apiUrl, "--key", mirror.keys.secretKey, "--no-open"],
      namingEnv(mirror.naming),
    );
    try {
      assert.equal(running.output.split("http://").length, 2, running.output);
      assert.ok(!running.output.includes(mirror.keys.secretKey));
      assert.equal((await fetch(new URL("/", running.link))).status, 200);
      assert.equal((await fetch(new URL("/api/events", running.link))).status, 401);
      assert.equal((await running.ask("/api/events?limit=1")).status, 200);
      const project = await running.ask("/api/project");
      assert.match(JSON.stringify(project.answer), /"isDev":false/);
      assert.ok(JSON.stringify(project.answer).includes(`"url":"${mirror.apiUrl}"`));
    } finally {
      running.signal(signal);
    }
    assert.equal((await running.ended).code, 0);
    await assert.rejects(fetch(running.link));
  });
}

Deno.test("console takes the project from the environment, and the port from --port", async () => {
  await using mirror = await openMirror();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const env = {
    ...namingEnv(mirror.naming),
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
    assert.equal((await running.ask("/api/effects")).status, 200);
  } finally {
    running.signal("SIGINT");
  }
  assert.equal((await running.ended).code, 0);
});

Deno.test("console without a project or its key says so", async () => {
  const run = (...args: string[]) => finish(taskCommand("console", args, NO_PROJECT));
  const nowhere = await run("--no-open");
  assert.deepEqual([nowhere.code, nowhere.output.split("\n").length], [1, 2], nowhere.output);
  assert.match(nowhere.output, /address of the project is not set/);
  const keyless = await run("--url", "http://127.0.0.1:1", "--no-open");
  assert.match(keyless.output, /No secret key is set/);
  assert.equal(keyless.code, 1);
});
