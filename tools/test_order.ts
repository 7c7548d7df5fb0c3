/**
 * Checks the order property as often as asked, in a stack of its own:
 * `deno task test:order --runs 10000 [--seed 1234]`.
 */
import { parseArgs } from "node:util";
import { addApplication } from "../tests/helpers/application.ts";
import { checkOrder } from "../tests/helpers/order_property.ts";
import { startStack } from "./stack/stack.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string" },
    rising: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
const seed = values.seed === undefined ? undefined : Number(values.seed);
if (!Number.isInteger(runs) || runs < 1 || (seed !== undefined && !Number.isInteger(seed))) {
  console.error("Usage: deno task test:order --runs <whole number> [--seed <whole number>]");
  Deno.exit(1);
}

// What is looked for is not lost by a crash: without waiting for the disk, it goes faster.
const stack = await startStack({ settings: { fsync: "off", synchronous_commit: "off" } });
try {
  await addApplication(stack.databaseUrl);
  const startedAt = performance.now();
  const verdict = await checkOrder(stack.databaseUrl, {
    runs,
    isRising: values.rising,
    ...(seed === undefined ? {} : { seed }),
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${verdict.runs} histories in ${seconds} s, seed ${verdict.seed}`);
  if (verdict.isTrue) {
    console.log("Every order ended in the state of in-order delivery");
  } else {
    console.log(
      `The property does not hold. The smallest history found:\n${verdict.counterexample}`,
    );
    Deno.exitCode = 1;
  }
} finally {
  await stack.stop();
}
