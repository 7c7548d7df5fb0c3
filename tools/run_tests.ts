/**
 * Runs the tests against one stack that they share, each with ids of its own. A stack that is
 * running already can be named by `TEST_…` variables instead. Arguments go to `deno test`.
 */
import { serveTarget } from "../tests/helpers/mirror.ts";
import { testNaming } from "../tests/helpers/naming.ts";
import { targetFromEnv, targetToEnv } from "../tests/helpers/target.ts";
import { startStack } from "./stack/stack.ts";
import { ROOT } from "./stack/supabase_cli.ts";

async function runTests(env: Record<string, string>): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--parallel", ...(Deno.args.length > 0 ? Deno.args : ["tests"])],
    cwd: ROOT,
    env,
  }).spawn().status;
  return code;
}

async function main(): Promise<number> {
  if (targetFromEnv() !== undefined) return await runTests({});
  const stack = await startStack({ naming: testNaming });
  try {
    return await runTests(targetToEnv(serveTarget(stack)));
  } finally {
    await stack.stop();
  }
}

if (["-h", "--help"].includes(Deno.args[0] ?? "")) {
  console.log(
    `Usage: deno task test [files] [options]

Runs the tests against one throw-away stack, or against the one that TEST_… variables name. Files and
options go to "deno test": deno task test tests/events_test.ts --filter user`,
  );
  Deno.exit();
}
Deno.exit(await main());
