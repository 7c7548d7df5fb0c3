/**
 * Runs the tests against one stack that they share, each with its own ids; then again, under a prefix and in
 * a schema, those that other names for the mirror could break. `TEST_…` variables point to a stack that is
 * already running instead. Arguments go to `deno test`.
 */
import { join } from "node:path";
import { installedNaming, isSameNaming, type Naming } from "../../functions/_shared/naming.ts";
import { serveTarget } from "../../tests/helpers/mirror.ts";
import { testNaming } from "../../tests/helpers/naming.ts";
import { NAMINGS } from "../../tests/helpers/namings.ts";
import { targetFromEnv, targetToEnv } from "../../tests/helpers/target.ts";
import { templateToEnv } from "../../tests/helpers/template.ts";
import { choose } from "../commands/cli/choose.ts";
import { describeError, styleError } from "../commands/cli/command.ts";
import { readTestFiles, renderTests } from "./list_tests.ts";
import { copyData } from "../development/stack/postgres.ts";
import { type Stack, startStack } from "../development/stack/stack.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";

const OTHER_NAMES = NAMINGS.filter((naming) => !isSameNaming(naming, installedNaming));

/** What is also tested under other names; some tests in these files only apply to the repository's names. */
const UNDER_OTHER_NAMES = [
  "backfill",
  "console_server",
  "dead_letters",
  "effects",
  "ensure_profile",
  "events",
  "groups",
  "http_contract",
  "order_property",
  "ordering",
  "reconcile",
  "reconcile_slices",
  "refresh",
  "row_level_security",
  "runs",
].map((name) => `tests/${name}_test.ts`);

/** Aborted by Ctrl-C and the like: the tests are ended, and what was made for them is removed. */
const interruption = new AbortController();

async function runTests(args: string[], env: Record<string, string>): Promise<number> {
  interruption.signal.throwIfAborted();
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--parallel", ...args],
    cwd: ROOT,
    env,
    signal: interruption.signal,
  }).spawn().status;
  interruption.signal.throwIfAborted();
  return code;
}

async function runUnder(naming: Naming, args: string[]): Promise<number> {
  await using cleanUp = new AsyncDisposableStack();
  const home = await Deno.makeTempDir({ prefix: "clerk-mirror-tests-" });
  cleanUp.defer(() => Deno.remove(home, { recursive: true }));
  const stack = await startStack({ home, naming });
  cleanUp.defer(() => stack.stop());
  const template = await makeTemplate(stack, home);
  const env = { ...targetToEnv(serveTarget(stack)), ...templateToEnv(template) };
  return await runTests(args, env);
}

/** Copies what a stack's database is before the tests, for those that start a stack of their own. */
async function makeTemplate(stack: Stack, home: string): Promise<string> {
  const template = join(home, "template");
  await stack.postgres.stop();
  await copyData(home, template);
  await stack.restartPostgres();
  return template;
}

/** Each run ends with its own summary. */
async function runAll(): Promise<number> {
  const codes = [await runUnder(testNaming, ["tests"])];
  for (const naming of OTHER_NAMES) {
    console.log(`\nAs ${naming.schema}.${naming.prefix}profiles`);
    // The first run has checked the types of these files.
    codes.push(await runUnder(naming, ["--no-check", ...UNDER_OTHER_NAMES]));
  }
  return codes.find((code) => code !== 0) ?? 0;
}

/**
 * A word is the name of a test file, and the beginning of others: "package" is tests/package_test.ts and
 * tests/package_sql_test.ts. Paths and options are passed through.
 */
async function toFiles(args: string[]): Promise<string[]> {
  const names = (await readTestFiles()).map(({ name }) => name);
  let isValue = false;
  return args.flatMap((arg) => {
    const isName = !isValue && /^[a-z]\w*$/.test(arg);
    isValue = /^--(?:filter|seed|shuffle)$/.test(arg);
    if (!isName) return [arg];
    const begun = names.filter((name) => name === arg || name.startsWith(`${arg}_`));
    const chosen = begun.length > 0 ? begun : [choose(arg, names, "test file")];
    return chosen.map((name) => `tests/${name}_test.ts`);
  });
}

async function main(args: string[]): Promise<number> {
  if (targetFromEnv() !== undefined) return await runTests(args.length > 0 ? args : ["tests"], {});
  return await (args.length > 0 ? runUnder(testNaming, args) : runAll());
}

const [first = ""] = Deno.args;
if (["-h", "--help"].includes(first)) {
  console.log(
    `Usage: deno task test [names or files] [options]

Runs the tests against a throwaway stack, or against the one that TEST_… variables name; then, under
other names for the mirror, those that these could break. --list prints the names of the tests, as a
document of what the mirror promises. Files and options go to "deno test", which then runs once,
under the names of TEST_SCHEMA and TEST_PREFIX:

  deno task test events                    tests/events_test.ts
  deno task test package                   tests/package_test.ts, tests/package_sql_test.ts, …
  deno task test events --filter user`,
  );
  Deno.exit();
}
if (first === "--list") {
  console.log(renderTests(await readTestFiles()));
  Deno.exit();
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => interruption.abort(new Error("Interrupted")));
}
try {
  Deno.exit(await main(await toFiles(Deno.args)));
} catch (error) {
  console.error(styleError(describeError(error)));
  Deno.exit(1);
}
