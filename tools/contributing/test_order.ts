/** Checks the order property as many times as requested, in its own stack. */
import { addApplication } from "../../tests/helpers/application.ts";
import { testNaming as naming } from "../../tests/helpers/naming.ts";
import { checkOrder } from "../../tests/helpers/order_property.ts";
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { wholeNumber } from "../commands/cli/numbers.ts";
import { startStack } from "../development/stack/stack.ts";

const command = defineCommand("test:order", "Checks the order property, in a stack of its own.")
  .option("--runs <number>", "Histories to try", wholeNumber("--runs", { from: 1 }), 1000)
  .option(
    "--seed <number>",
    "The seed: the same one generates the same histories",
    wholeNumber("--seed"),
  )
  .option("--rising", "Histories in which Clerk also shows what is deleted here", false)
  .option("--groups", "Deliver events in groups", false)
  .action(async ({ runs, seed, rising, groups }) => {
    // A crash would lose nothing of interest: it runs faster without waiting for the disk.
    const stack = await startStack({
      settings: { fsync: "off", synchronous_commit: "off" },
      naming,
    });
    try {
      await addApplication(stack.databaseUrl, naming);
      const startedAt = performance.now();
      const verdict = await checkOrder(stack.databaseUrl, {
        runs,
        isRising: rising,
        isGrouped: groups,
        naming,
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
  });

await runCommand(command);
