/** Generates the database's types from the migrations, for the function to use. */
import { startStack } from "./stack/stack.ts";
import { generateTypes } from "./stack/supabase_cli.ts";

const TYPES = new URL("../functions/_shared/database.types.ts", import.meta.url);

const stack = await startStack();
try {
  await Deno.writeTextFile(TYPES, await generateTypes(stack.databaseUrl));
} finally {
  await stack.stop();
}
