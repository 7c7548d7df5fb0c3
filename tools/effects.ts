/**
 * Runs the side effects that are due, anywhere: once, or with `--every <seconds>` again and again. Takes
 * the same variables as the function `clerk-effects`; without SUPABASE_URL, the running
 * `deno task dev` is meant.
 */
import { parseArgs } from "node:util";
import { drain } from "../functions/clerk-effects/drain.ts";
import { configuredHandlers } from "../functions/clerk-effects/effects.ts";
import { readEffectsConfig } from "../functions/clerk-effects/env.ts";
import { createOutbox } from "../functions/clerk-effects/outbox.ts";
import { Misconfiguration } from "../functions/_shared/misconfiguration.ts";
import { createSupabase } from "../functions/_shared/supabase.ts";
import { runMain } from "./cli/run_main.ts";
import { projectEnv } from "./dev/project_env.ts";

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { every: { type: "string" } } });
  const every = values.every === undefined ? undefined : Number(values.every);
  if (every !== undefined && !(every > 0)) {
    throw new Error(`"--every ${values.every}" is not a number of seconds`);
  }
  const config = readEffectsConfig(await projectEnv());
  if (config instanceof Misconfiguration) throw config;

  const supabase = createSupabase(config);
  const outbox = createOutbox(supabase);
  const handlers = configuredHandlers(config);
  await outbox.register(handlers.map(({ name }) => name));
  console.log(`Handlers: ${handlers.map(({ name }) => name).join(", ") || "none is configured"}`);
  do {
    const report = await drain({ outbox, supabase, handlers, log: console.log });
    console.log(JSON.stringify(report));
    if (every !== undefined) await new Promise((resolve) => setTimeout(resolve, every * 1000));
  } while (every !== undefined);
}

await runMain(main);
