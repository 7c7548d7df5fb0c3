/** The effects worker, as Supabase's edge runtime and `deno serve` start it. */
import { createClient } from "@supabase/supabase-js";
import type { Database } from "../_shared/database.types.ts";
import { configuredHandlers } from "./effects.ts";
import { readEffectsConfig } from "./env.ts";
import { createEffectsHandler } from "./handler.ts";

export default {
  fetch: createEffectsHandler({
    config: readEffectsConfig(Deno.env),
    configuredHandlers,
    createSupabase: ({ supabaseUrl, supabaseKey }) =>
      createClient<Database>(supabaseUrl, supabaseKey, {
        auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      }),
  }),
};
