import { styleText } from "node:util";

/**
 * Runs a command's work; what goes wrong is said in a sentence, and the command fails.
 *
 * @param failure The exit status then.
 */
export async function runMain(
  main: (args: string[]) => Promise<void>,
  failure = 1,
): Promise<void> {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(styleText("red", error instanceof Error ? error.message : String(error)));
    Deno.exitCode = failure;
  }
}
