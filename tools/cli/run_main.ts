import { styleText } from "node:util";

/** Runs a command's work; what goes wrong is said in a sentence, and the command fails. */
export async function runMain(main: (args: string[]) => Promise<void>): Promise<void> {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(styleText("red", error instanceof Error ? error.message : String(error)));
    Deno.exitCode = 1;
  }
}
