/** Runs the side effects that are due, on any machine: once, or repeatedly. */
import { drain } from "../../functions/clerk-effects/drain.ts";
import { configuredHandlers } from "../../functions/clerk-effects/effects.ts";
import { readEffectsConfig } from "../../functions/clerk-effects/env.ts";
import { createOutbox, type QueuedEffects } from "../../functions/clerk-effects/outbox.ts";
import { createJournal } from "../../functions/_shared/journal.ts";
import { Misconfiguration } from "../../functions/_shared/misconfiguration.ts";
import { createSupabase, type Supabase } from "../../functions/_shared/supabase.ts";
import { choose } from "./cli/choose.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { pauseInSeconds } from "./cli/numbers.ts";
import { formatTable } from "./cli/table.ts";
import { projectEnv } from "../development/dev/project_env.ts";

export const command = defineCommand(
  "effects",
  `Runs the side effects that are due. It takes the same variables as the function clerk-effects, from the
environment, then from .env. Without SUPABASE_URL, it uses the running "${
    commandLine("dev")
  }". Effects that are
not configured here are left to a worker that can run them.`,
)
  .option(
    "--every <seconds>",
    "Keep running, with this pause in between",
    pauseInSeconds("--every"),
  )
  .option("--list", "Only list the handlers and their queues", false)
  .option("--off <handler>", "Switch a handler off for every worker: nothing more is queued for it")
  .option("--on <handler>", "Switch it on again: what is queued will run")
  .action(async ({ every, list, off, on }) => {
    const config = readEffectsConfig(await projectEnv());
    if (config instanceof Misconfiguration) throw config;
    const supabase = createSupabase(config);
    const outbox = createOutbox(supabase);
    if (off !== undefined) await switchHandler(supabase, off, false, await outbox.read());
    if (on !== undefined) await switchHandler(supabase, on, true, await outbox.read());
    if (list || off !== undefined || on !== undefined) {
      return console.log(toTable(await outbox.read()));
    }

    const handlers = configuredHandlers(config);
    await outbox.register(handlers.map(({ name }) => name));
    console.log(`Handlers: ${handlers.map(({ name }) => name).join(", ") || "none is configured"}`);
    const journal = createJournal({ log: console.log });
    do {
      const report = await drain({ outbox, supabase, handlers, journal });
      console.log(JSON.stringify(report));
      if (every !== undefined) await new Promise((resolve) => setTimeout(resolve, every * 1000));
    } while (every !== undefined);
  });

async function switchHandler(
  supabase: Supabase,
  handler: string,
  is_on: boolean,
  known: QueuedEffects[],
): Promise<void> {
  choose(handler, known.map(({ handler }) => handler), "handler");
  const { error } = await supabase.rpc("switch_effects", { handlers: [handler], is_on });
  if (error) throw new Error(`The handler can't be switched: ${error.message}`, { cause: error });
}

function toTable(effects: QueuedEffects[]): string {
  const rows = effects.map(({ handler, is_enabled, due_count, due_since, parked_count }) => [
    handler,
    is_enabled === null ? "no worker yet" : is_enabled ? "on" : "off",
    String(due_count),
    due_since ?? "",
    String(parked_count),
  ]);
  return formatTable(["Handler", "State", "Due", "Since", "Parked"], rows);
}
