/**
 * The npm package as its users have it: packed, unpacked into an empty project, run with Node and with
 * Deno.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { pack } from "../tools/packaging/pack.ts";
import { finish } from "./helpers/command.ts";
import { jsonRequest } from "./helpers/console.ts";
import { startConsoleCommand } from "./helpers/console_command.ts";
import { openMirror } from "./helpers/mirror.ts";
import { namingEnv } from "./helpers/naming.ts";

/** Bytes. A few megabytes are what somebody waits for. */
const LARGEST_PACKAGE = 3_000_000;

const COMMANDS = [
  "init",
  "install",
  "upgrade",
  "uninstall",
  "dev",
  "trigger",
  "backfill",
  "reconcile",
  "dead-letters",
  "effects",
  "status",
  "console",
  "instance",
];

const node = await findNode();

/** Where it runs: the program and what comes before the script. */
const RUNTIMES: { runtime: string; words: string[] | undefined }[] = [
  { runtime: "Node", words: node === undefined ? undefined : [node] },
  { runtime: "Deno", words: [Deno.execPath(), "run", "-A", "--no-config"] },
];

async function findNode(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    const [, major = "0"] = /^v(\d+)/.exec(new TextDecoder().decode(stdout)) ?? [];
    return Number(major) >= 20 ? "node" : undefined;
  } catch {
    return undefined;
  }
}

/** The package where nothing else is. */
interface Unpacked extends AsyncDisposable {
  /** A Supabase project, in which it is installed. */
  folder: string;
  main: string;
  /** Bytes of the tarball. */
  size: number;
}

/** Packs and unpacks it, as an installation does. */
async function unpack(): Promise<Unpacked> {
  const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-package-" });
  await Deno.chmod(folder, 0o755);
  const tarball = await pack(join(folder, "packed"));
  const { size } = await Deno.stat(tarball);
  const modules = join(folder, "project", "node_modules");
  await Deno.mkdir(modules, { recursive: true });
  await new Deno.Command("tar", { args: ["-xzf", tarball, "-C", modules] }).output();
  await Deno.rename(join(modules, "package"), join(modules, config.name));
  await Deno.mkdir(join(folder, "project", "supabase"));
  await Deno.writeTextFile(
    join(folder, "project", "supabase", "config.toml"),
    'project_id = "project"\n',
  );
  return {
    folder: join(folder, "project"),
    main: join(modules, config.name, "main.js"),
    size,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** No project and no secret of whoever runs the tests; what is fetched goes into the folder. */
function emptyEnv(folder: string): Record<string, string> {
  return {
    CLERK_SECRET_KEY: "",
    CLERK_WEBHOOK_SIGNING_SECRET: "",
    SUPABASE_URL: "",
    SUPABASE_SECRET_KEYS: "",
    SUPABASE_SECRET_KEY: "",
    MIRROR_DEV_FOLDER: "",
    MIRROR_ENV_FILE: "",
    XDG_CACHE_HOME: join(folder, ".cache"),
    NO_COLOR: "1",
  };
}

Deno.test("the package is under 3 MB, has no dependencies, and carries the licenses of what is in it", async () => {
  await using unpacked = await unpack();
  assert.ok(unpacked.size < LARGEST_PACKAGE, `${unpacked.size} bytes`);
  const root = join(unpacked.main, "..");
  const description = JSON.parse(await Deno.readTextFile(join(root, "package.json")));
  assert.equal(description.version, config.version);
  assert.deepEqual(description.bin, { [config.name]: "main.js" });
  assert.equal(description.dependencies, undefined, "nothing else is installed with it");
  const notices = await Deno.readTextFile(join(root, "THIRD-PARTY-NOTICES.txt"));
  for (const library of ["@clerk/backend", "@supabase/supabase-js", "commander", "svix", "zod"]) {
    assert.match(notices, new RegExp(`^${library} \\d`, "m"));
  }
  const [first] = (await Deno.readTextFile(unpacked.main)).split("\n");
  assert.equal(first, "#!/usr/bin/env node");
});

for (const { runtime, words } of RUNTIMES) {
  const [program = "", ...before] = words ?? [];
  const runIn = ({ folder, main }: Unpacked) => (...args: string[]) =>
    finish(
      new Deno.Command(program, {
        args: [...before, main, ...args],
        cwd: folder,
        env: emptyEnv(folder),
        stdin: "null",
      }),
    );

  Deno.test({
    name:
      `on ${runtime}, every command of the package shows its help, and mistakes give plain messages`,
    ignore: words === undefined,
    async fn() {
      await using unpacked = await unpack();
      const run = runIn(unpacked);
      assert.equal((await run("--version")).output.trim(), config.version);
      const { output } = await run("--help");
      for (const command of COMMANDS) {
        assert.match(output, new RegExp(`^  ${command} `, "m"));
        const help = await run(command, "--help");
        assert.equal(help.code, 0, help.output);
        assert.match(help.output, new RegExp(`^Usage: npx ${config.name} ${command}`), command);
        assert.doesNotMatch(
          help.output,
          /deno task/,
          "the repository's tasks are not the package's",
        );
      }
      const mistaken = await run("backfil");
      assert.equal(mistaken.code, 1);
      assert.match(mistaken.output, /no command "backfil"\. Did you mean "backfill"\?/);
      const unconfigured = await run("backfill");
      assert.equal(unconfigured.code, 1);
      assert.match(unconfigured.output, /CLERK_SECRET_KEY: The secret key .* is not set/);
    },
  });

  Deno.test({
    name:
      `on ${runtime}, the package's trigger, status and dead-letters work with a running project`,
    ignore: words === undefined,
    async fn() {
      await using mirror = await openMirror();
      await using unpacked = await unpack();
      const run = runIn(unpacked);
      const sent = await run(
        "trigger",
        "user.created",
        ...["--url", mirror.webhookUrl, "--secret", mirror.signingSecret],
      );
      assert.equal(sent.code, 0, sent.output);
      const [, id = ""] = /user\.created (user_\w+) msg_\w+ 200 applied/.exec(sent.output) ?? [];
      const [row] = await mirror.sql`select first_name from profiles where id = ${id}`;
      assert.equal(row?.first_name, "Ada");
      const project = ["--url", mirror.apiUrl, "--key", mirror.keys.secretKey];
      const letters = await run("dead-letters", "--json", ...project);
      assert.equal(letters.code, 0, letters.output);
      const status = await run("status", "--json", ...project, "--secret", mirror.signingSecret);
      // Node 20 is told on the standard error that it is old.
      const json = status.output.slice(0, status.output.lastIndexOf("}") + 1);
      const { lines }: { lines: { name: string; text: string }[] } = JSON.parse(json);
      const ofFunction = lines.find(({ name }) => name === "Function");
      assert.match(ofFunction?.text ?? "", /the secret is right/, status.output);
    },
  });
}

for (const { runtime, words } of RUNTIMES) {
  const [program = "", ...before] = words ?? [];
  Deno.test({
    name: `on ${runtime}, the package's console serves its page and shows a project`,
    ignore: words === undefined,
    async fn() {
      await using mirror = await openMirror();
      await using unpacked = await unpack();
      const project = ["--url", mirror.apiUrl, "--key", mirror.keys.secretKey, "--no-open"];
      const served = await startConsoleCommand(
        new Deno.Command(program, {
          args: [...before, unpacked.main, "console", ...project],
          cwd: unpacked.folder,
          env: { ...emptyEnv(unpacked.folder), ...namingEnv(mirror.naming) },
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }),
      );
      try {
        for (const path of ["/", "/app.js", "/app.css"]) {
          const response = await fetch(new URL(path, served.link));
          assert.equal(response.status, 200, path);
          assert.ok((await response.text()).length > 100, path);
        }
        for (const path of ["/api/events", "/api/status", "/api/view-as?user=user_1"]) {
          const { status, answer } = await served.ask(path);
          assert.equal(status, 200, `${path}: ${JSON.stringify(answer)}`);
        }
      } finally {
        served.signal("SIGINT");
      }
      assert.equal((await served.ended).code, 0);
    },
  });
}

Deno.test("the package's dev fetches its stack, applies a triggered event and serves the console", async () => {
  await using unpacked = await unpack();
  const env = emptyEnv(unpacked.folder);
  const command = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", unpacked.main, ...args],
      cwd: unpacked.folder,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  const running = await startConsoleCommand(command("dev"));
  try {
    const { code, output } = await finish(command("trigger", "user.created"));
    assert.equal(code, 0, output);
    assert.match(output, /200 applied/);
    assert.equal((await fetch(running.link)).status, 200, "with the console's page");
    const sent = await running.ask("/api/send", jsonRequest({ type: "user.created", way: "late" }));
    assert.match(JSON.stringify(sent), /"applied".*"stale"/);
  } finally {
    running.signal("SIGINT");
  }
  const { code, output } = await running.ended;
  assert.equal(code, 0, output);
});
