/** Generates the database's types from the migrations, for the function to use. */
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { startStack } from "../development/stack/stack.ts";
import { generateTypes } from "../development/stack/supabase_cli.ts";

const TYPES = new URL("../../functions/_shared/database.types.ts", import.meta.url);

const command = defineCommand(
  "types",
  "Generates functions/_shared/database.types.ts from the migrations.",
).action(async () => {
  const stack = await startStack();
  try {
    await Deno.writeTextFile(TYPES, await generateTypes(stack.databaseUrl));
  } finally {
    await stack.stop();
  }
});

await runCommand(command);
