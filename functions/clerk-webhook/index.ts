/**
 * The webhook function, as Supabase's edge runtime and `deno serve` start it: environment, database, handler.
 * Everything else is in the modules below.
 */
import { createDatabase } from "./database.ts";
import { readConfig } from "./env.ts";
import { groupCalls } from "./group_calls.ts";
import { createHandler } from "./handler.ts";
import { createNudge } from "./nudge.ts";
import { createReleaseCheck } from "./release_check.ts";

export default {
  fetch: createHandler({
    config: readConfig(Deno.env),
    createDatabase: (options) => groupCalls(createDatabase(options)),
    createNudge,
    createReleaseCheck,
  }),
};
