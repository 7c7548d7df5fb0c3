/** The development stack as the package runs it: in its own Deno process. */
import { describeError, styleError } from "../../commands/cli/command.ts";
import { runDev } from "./run_dev.ts";

try {
  await runDev();
} catch (error) {
  console.error(styleError(describeError(error)));
  Deno.exit(1);
}
Deno.exit();
