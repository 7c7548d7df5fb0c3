/** What a developer runs: the demo, the development stack from start to stop, and trigger. */
import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { newSigningSecret } from "../tools/development/events/signed_request.ts";
import { type Stack, startStack } from "../tools/development/stack/stack.ts";
import { compareCatalogs, readCatalog } from "./helpers/catalog.ts";
import { finish, type Finished, task } from "./helpers/command.ts";
import { openMirror } from "./helpers/mirror.ts";

/** Milliseconds within which a stack has to be up. */
const DEADLINE = 60_000;

/** A development stack that was started and has said where it is. */
interface DevStack {
  facts: Record<string, string>;
  signal(name: Deno.Signal): void;
  ended: Promise<Finished>;
}

async function startDev(env: Record<string, string>): Promise<DevStack> {
  const child = task("dev", [], env).spawn();
  const [shown, rest] = child.stdout.tee();
  const ended = Promise.all([
    child.status,
    new Response(rest).text(),
    new Response(child.stderr).text(),
  ])
    .then(([{ code }, stdout, stderr]) => ({ code, output: stdout + stderr }));
  let text = "";
  const timeout = setTimeout(() => child.kill("SIGTERM"), DEADLINE);
  for await (const part of shown.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("Ctrl-C")) break;
  }
  clearTimeout(timeout);
  const facts = Object.fromEntries(
    [...text.matchAll(/^ {2}([A-Z][\w ]+?) {2,}(\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
  if (!facts["Webhook URL"]) throw new Error(`The stack did not start: ${(await ended).output}`);
  return { facts, signal: (name) => child.kill(name), ended };
}

/** Open to others, so that by root, too, the database is kept inside. */
async function devFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-dev-" });
  await Deno.chmod(folder, 0o755);
  return folder;
}

function devEnv(folder: string): Record<string, string> {
  return {
    MIRROR_DEV_FOLDER: folder,
    MIRROR_ENV_FILE: join(folder, "none"),
    CLERK_WEBHOOK_SIGNING_SECRET: "",
    CLERK_WEBHOOK_SECRET: "",
    CLERK_INSTANCE_ID: "",
    RESEND_API_KEY: "",
    CLEAN_UP_BUCKETS: "",
  };
}

Deno.test("demo plays its story, with the promised answers", async () => {
  const { code, output } = await finish(task("demo"));
  assert.equal(code, 0, output);
  const answers = [...output.matchAll(/ (\d{3}) +(\w+) +\d+ ms$/gm)].map(([, status, outcome]) =>
    `${status} ${outcome}`
  );
  assert.deepEqual(answers, [
    ...Array(5).fill("200 applied"),
    "200 duplicate",
    "200 applied",
    "200 stale",
    "400 invalid_signature",
    "200 applied",
    "200 applied",
    "200 stale",
  ]);
  assert.match(output, /"first_name":"Augusta Ada"/);
  assert.match(output, /Ada +1 +1 +1 +2\n/);
  assert.match(output, /Not signed in +denied +denied +denied +denied\n/);
  assert.match(output, /Grace +1 +0 +0 +0\n/);
});

Deno.test("dev serves a mirror, refuses a second start, survives a kill and stops cleanly", async (t) => {
  const folder = await devFolder();
  const env = devEnv(folder);
  let stack = await startDev(env);
  const { facts } = stack;
  const select = async (id: string) => {
    const sql = postgres(stack.facts["Database URL"] ?? "", { max: 1 });
    try {
      return (await sql`select first_name from profiles where id = ${id}`)[0]?.first_name;
    } finally {
      await sql.end();
    }
  };
  let userId = "";

  try {
    await t.step("trigger sends an event that is applied", async () => {
      const { code, output } = await finish(task("trigger", ["user.created"], env));
      assert.equal(code, 0, output);
      assert.match(output, /^user\.created user_\w{27} msg_\w{27} 200 applied \d+ ms$/m);
      userId = /user_\w{27}/.exec(output)?.[0] ?? "";
      assert.equal(await select(userId), "Ada");
      const instance = await finish(task("instance", [], env));
      assert.match(instance.output, /The mirror has not heard from any instance yet/);
    });

    await t.step("clerk-effects is served", async () => {
      const url = `${facts["API URL"]}/functions/v1/clerk-effects`;
      const post = (apikey: string) => fetch(url, { method: "POST", headers: { apikey } });
      const refused = await post("sb_secret_other");
      assert.deepEqual([refused.status, await refused.json()], [401, { error: "unauthorized" }]);
      const drained = await post(facts["Secret key"] ?? "");
      assert.deepEqual(
        [drained.status, await drained.json()],
        [200, { completed: 0, retried: 0, parked: 0 }],
      );
    });

    await t.step("the console is served, and sends events that are applied", async () => {
      const [link = "", token = ""] = facts["Console"]?.split("#token=") ?? [];
      const headers = { "x-console-token": token, "content-type": "application/json" };
      const response = await fetch(new URL("/api/send", link), {
        method: "POST",
        headers,
        body: JSON.stringify({ type: "user.created", way: "twice" }),
      });
      const { answers } = await response.json();
      const outcomes = answers.map(({ outcome }: { outcome: string }) => outcome);
      assert.deepEqual(outcomes, ["applied", "duplicate"]);
      const project = await (await fetch(new URL("/api/project", link), { headers })).json();
      assert.deepEqual([project.url, project.isDev], [facts["API URL"], true]);
      assert.equal((await fetch(link)).status, 200);
    });

    await t.step(
      "--data names the object and sets fields, and --repeat sends duplicates",
      async () => {
        const args = ["user.updated", "--data", `id=${userId}`, "--data", "first_name=Grace"];
        const { output } = await finish(task("trigger", [...args, "--repeat", "3"], env));
        const outcomes = [...output.matchAll(/200 (\w+)/g)].map(([, outcome]) => outcome);
        assert.deepEqual(outcomes, ["applied", "duplicate", "duplicate"], output);
        assert.equal(await select(userId), "Grace");
      },
    );

    await t.step(
      "--out-of-order also sends an older event of the same object, which is stale",
      async () => {
        for (const type of ["session.ended", "organization.deleted"]) {
          const { output } = await finish(task("trigger", [type, "--out-of-order"], env));
          const outcomes = [...output.matchAll(/200 (\w+)/g)].map(([, outcome]) => outcome);
          assert.deepEqual(outcomes, ["applied", "stale"], output);
        }
      },
    );

    await t.step("a second start in the same folder is refused in one line", async () => {
      const { code, output } = await finish(task("dev", [], env));
      assert.deepEqual(
        [code, output.trim()],
        [1, "The development stack of this folder is already running"],
      );
    });

    await t.step(
      "it starts again after a SIGKILL, with the same secrets and the same data",
      async () => {
        const { pid } = JSON.parse(await Deno.readTextFile(join(folder, "lock")));
        assert.ok(await Deno.stat(join(folder, "postgres", "data", "postmaster.pid")));
        Deno.kill(pid, "SIGKILL");
        await stack.ended;
        stack = await startDev(env);
        for (const kept of ["Signing secret", "Publishable key", "Secret key", "JWT secret"]) {
          assert.equal(stack.facts[kept], facts[kept], kept);
        }
        assert.equal(await select(userId), "Grace");
      },
    );
  } finally {
    stack.signal("SIGINT");
  }

  await t.step("an interrupt stops everything and leaves no process behind", async () => {
    const { code, output } = await stack.ended;
    assert.equal(code, 0, output);
    for (const url of [stack.facts["Webhook URL"], stack.facts["Database URL"]]) {
      const { hostname, port } = new URL(url ?? "");
      await assert.rejects(Deno.connect({ hostname, port: Number(port) }), url);
    }
    await assert.rejects(Deno.stat(join(folder, "postgres", "data", "postmaster.pid")));
  });

  await Deno.remove(folder, { recursive: true });
});

Deno.test("dev uses the names in the environment, in a database of its own, and the commands know them", async () => {
  const folder = await devFolder();
  const stack = await startDev({ ...devEnv(folder), CLERK_MIRROR_PREFIX: "clerk_" });
  try {
    const { output } = await finish(task("trigger", ["user.created"], devEnv(folder)));
    assert.match(output, / 200 applied /);
    const effects = await finish(task("effects", ["--list"], devEnv(folder)));
    assert.match(effects.output, /^ {2}Handler /m, effects.output);
    const letters = await finish(task("dead-letters", [], devEnv(folder)));
    assert.equal(letters.output, "There are no dead letters\n");
    const sql = postgres(stack.facts["Database URL"] ?? "", { max: 1 });
    const [row] = await sql`select first_name from public.clerk_profiles`;
    await sql.end();
    assert.equal(row?.first_name, "Ada");
    assert.ok(await Deno.stat(join(folder, "postgres-public.clerk_")));
  } finally {
    stack.signal("SIGINT");
  }
  const { code, output } = await stack.ended;
  assert.equal(code, 0, output);
  assert.match(output, /from clerk_profiles'$/m);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("dev uses the signing secret in the environment, and refuses a malformed one", async () => {
  const folder = await devFolder();
  const secret = newSigningSecret();
  const stack = await startDev({ ...devEnv(folder), CLERK_WEBHOOK_SIGNING_SECRET: secret });
  stack.signal("SIGTERM");
  assert.equal((await stack.ended).code, 0);
  assert.equal(stack.facts["Signing secret"], secret);

  const { code, output } = await finish(
    task("dev", [], { ...devEnv(folder), CLERK_WEBHOOK_SIGNING_SECRET: "sk_test_x" }),
  );
  assert.equal(code, 1);
  assert.match(output, /^CLERK_WEBHOOK_SIGNING_SECRET: /);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("trigger sends to any URL with any secret, and explains mistakes", async () => {
  await using mirror = await openMirror();
  const folder = await Deno.makeTempDir();
  const run = (...args: string[]) => finish(task("trigger", args, devEnv(folder)));
  const target = ["--url", mirror.webhookUrl, "--secret", mirror.signingSecret];

  const sent = await run("organization.created", ...target, "--data", "public_metadata.seats=7");
  assert.match(sent.output, / 200 applied /);
  const id = /org_\w{27}/.exec(sent.output)?.[0] ?? "";
  const [row] = await mirror.sql`select public_metadata from organizations where id = ${id}`;
  assert.deepEqual(row?.public_metadata, { region: "eu", seats: 7 });

  const forged = await run("user.created", ...target.slice(0, 2), "--secret", newSigningSecret());
  assert.equal(forged.code, 1);
  assert.match(forged.output, / 400 invalid_signature /);

  const mistakes: [string[], RegExp][] = [
    [["user.teleported", ...target], /There is no event type "user\.teleported"/],
    [[...target], /Name an event type/],
    [["user.created"], /No signing secret is known/],
    [["user.created", ...target, "--data", "nonsense"], /not of the form "path=value"/],
    [["user.created", ...target, "--data", "a.b.c=1"], /nothing at the path "a.b.c"/],
    [["user.created", ...target, "--repeat", "many"], /not a whole number/],
    [["user.created", ...target, "--colour"], /Unknown option/],
    [
      ["user.created", "--secret", newSigningSecret(), "--url", "http://127.0.0.1:1/"],
      /Nothing answers/,
    ],
  ];
  for (const [args, complaint] of mistakes) {
    const { code, output } = await run(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(output, complaint);
    assert.ok(!output.includes("    at "), "a sentence, no stack trace");
  }

  const list = await run("--list");
  assert.equal(list.code, 0);
  assert.match(list.output, /^user\.created$/m);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a stack that begins with a copy of another's database equals it, and leaves it alone", async () => {
  await using cleanUp = new AsyncDisposableStack();
  const template = await Deno.makeTempDir({ prefix: "clerk-mirror-template-" });
  cleanUp.defer(() => Deno.remove(template, { recursive: true }));
  const read = async ({ databaseUrl }: Stack) => {
    const sql = postgres(databaseUrl, { max: 1 });
    try {
      const migrations = await sql`
        select version, name, md5(statements::text) from supabase_migrations.schema_migrations
        order by version`;
      return { catalog: await readCatalog(databaseUrl), migrations: [...migrations] };
    } finally {
      await sql.end();
    }
  };
  const pushed = await startStack({ home: template });
  const expected = await read(pushed).finally(() => pushed.stop());
  assert.ok(expected.migrations.length > 0);

  for (let copy = 1; copy <= 2; copy++) {
    const stack = await startStack({ template });
    try {
      const { catalog, migrations } = await read(stack);
      assert.deepEqual(compareCatalogs(expected.catalog, catalog), { gone: [], new: [] });
      assert.deepEqual(migrations, expected.migrations);
      const sql = postgres(stack.databaseUrl, { max: 1 });
      await sql`create table public.mine ()`.finally(() => sql.end());
    } finally {
      await stack.stop();
    }
  }
});
