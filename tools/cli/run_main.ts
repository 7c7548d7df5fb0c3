import { styleText } from "node:util";
import { Misconfiguration } from "../../functions/_shared/misconfiguration.ts";

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
    console.error(styleText("red", describe(error)));
    Deno.exitCode = failure;
  }
}

function describe(error: unknown): string {
  if (error instanceof Misconfiguration) return `${error.variable}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
