/** Every command explains itself, and refuses what it doesn't know before it does anything. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import config from "../deno.json" with { type: "json" };
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import { finish } from "./helpers/command.ts";

type Task = keyof typeof config.tasks;

/** Nothing to go on: no project, no secret. */
const NOTHING = {
  MIRROR_DEV_FOLDER: "none",
  MIRROR_ENV_FILE: "none",
  SUPABASE_URL: "",
  SUPABASE_SECRET_KEYS: "",
  CLERK_SECRET_KEY: "",
  CLERK_WEBHOOK_SIGNING_SECRET: "",
  CLERK_WEBHOOK_SECRET: "",
};

const COMMANDS = Object.entries(config.tasks)
  .filter(([, { command }]) => command.includes(" tools/"))
  .map(([name]) => name as Task);

const run = (task: Task, ...args: string[]) => finish(taskCommand(task, args, NOTHING));

Deno.test("every command shows its usage with --help, without a project or secrets", async () => {
  assert.ok(COMMANDS.length >= 12);
  for (const name of COMMANDS) {
    const { code, output } = await run(name, "--help");
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`^Usage: deno task ${name}`), name);
    assert.ok(output.split("\n").length < 45 && output.length > 120, `${name}: ${output}`);
    for (const line of output.split("\n")) assert.ok(line.length <= 105, `${name}: ${line}`);
  }
});

/** What is misspelt, what it is told to be, and the exit status. */
const MISTAKES: [Task, string[], RegExp, number?][] = [
  ["backfill", ["--onyl", "users"], /Unknown option '--onyl'\s+\(Did you mean --only\?\)/],
  ["backfill", ["users"], /too many arguments/i],
  ["backfill", ["--only", "usrs"], /There is no resource "usrs"\. Did you mean "users"\?/],
  ["backfill", ["--only", ","], /names no resource/],
  ["backfill", ["--since", "soon"], /"--since soon" is not a date/],
  ["backfill", ["--since", "July 1"], /"--since July 1" is not a date/],
  ["reconcile", ["--repiar"], /Did you mean --repair\?/, 2],
  ["reconcile", ["--only", "membershps"], /Did you mean "memberships"\?/, 2],
  ["reconcile", ["--grace", "soon"], /"--grace soon" is not a number of seconds/, 2],
  ["reconcile", ["--allow-deletions", "many"], /is not a whole number, 0 or more/, 2],
  ["trigger", ["user.creatd"], /no event type "user\.creatd"\. Did you mean "user\.created"\?/],
  ["trigger", [], /Name an event type/],
  ["trigger", ["user.created", "--repaet", "2"], /Did you mean --repeat\?/],
  ["trigger", ["user.created", "--repeat", "0"], /is not a whole number from 1 to 1000/],
  ["trigger", ["user.created", "--data", "first_name"], /not of the form "path=value"/],
  ["trigger", ["user.created", "--data", "no.such.path=1"], /nothing at the path "no\.such\.path"/],
  ["effects", ["--evry", "5"], /Did you mean --every\?/],
  ["effects", ["--every", "9999999"], /is not a number of seconds, 86,400 at most/],
  ["effects", ["--every", "0"], /"--every 0" is not a number of seconds/],
  ["dead-letters", ["--repaly"], /Did you mean --replay\?/],
  ["status", ["--wacth"], /Did you mean --watch\?/, 2],
  ["instance", ["--mvoe", "ins_1"], /Did you mean --move\?/],
  ["console", ["--prot", "1"], /Did you mean --port\?/],
  ["console", ["--port", "99999"], /is not a whole number from 1 to 65535/],
  ["install", [], /Required option '--project-ref <ref>' not specified/],
  ["install", ["--project-ref", "Acme"], /"--project-ref Acme" is not a project's reference/],
  ["install", ["--project-ref", "a", "--scheam", "x"], /Did you mean --schema\?/],
  ["bench", ["evnt"], /There is no benchmark "evnt"\. Did you mean "event"\?/],
  ["bench", ["--shrot"], /Did you mean --short\?/],
  ["test:order", ["--runs", "none"], /is not a whole number, 1 or more/],
  ["test:order", ["--sede", "1"], /Did you mean --seed\?/],
  ["bundle", ["--out", "x"], /Unknown option '--out'/],
  ["types", ["now"], /too many arguments/i],
  ["demo", ["--fast"], /Unknown option '--fast'/],
  ["dev", ["--prot", "1"], /Unknown option '--prot'/],
];

for (const [task, args, complaint, status = 1] of MISTAKES) {
  const commandLine = ["deno task", task, ...args].join(" ");
  Deno.test(`${commandLine} is refused before anything is done or asked for`, async () => {
    const { code, stdout, stderr } = await taskCommand(task, args, NOTHING).output();
    const decoder = new TextDecoder();
    const errors = stripVTControlCharacters(decoder.decode(stderr));
    assert.equal(code, status, errors);
    assert.match(errors, complaint);
    assert.doesNotMatch(errors, /is not set|No project|No secret|No signing/);
    assert.doesNotMatch(errors, /^\s+at /m, "no stack");
    assert.equal(decoder.decode(stdout), "", "nothing was begun");
  });
}
