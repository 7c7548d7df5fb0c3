/** Builds the npm package that adds the mirror to other projects. */
import { join } from "node:path";
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { pack } from "./pack.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";

const FOLDER = ".package";

const command = defineCommand(
  "pack",
  `Builds the npm package, which adds the mirror to other projects, and prints its path as the last
line. It runs with Node, by npx, and with Deno.`,
).action(async () => {
  console.log(await pack(join(ROOT, FOLDER)));
});

await runCommand(command);
