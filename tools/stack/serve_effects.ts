import { createClient } from "@supabase/supabase-js";
import { configuredHandlers } from "../../functions/clerk-effects/effects.ts";
import { readEffectsConfig } from "../../functions/clerk-effects/env.ts";
import { createEffectsHandler } from "../../functions/clerk-effects/handler.ts";
import type { Database } from "../../functions/_shared/database.types.ts";
import type { Stack } from "./stack.ts";

/**
 * Serves the effects worker in this process, put together as its `index.ts` does.
 *
 * @param env The function's environment besides what Supabase sets.
 */
export function serveEffects(stack: Stack, env: Record<string, string>): void {
  const variables = new Map(Object.entries({
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.keys.secretKey }),
    ...env,
  }));
  stack.serveFunction(
    "clerk-effects",
    createEffectsHandler({
      config: readEffectsConfig(variables),
      configuredHandlers,
      createSupabase: ({ supabaseUrl, supabaseKey }) =>
        createClient<Database>(supabaseUrl, supabaseKey, {
          auth: { persistSession: false, autoRefreshToken: false },
        }),
    }),
  );
}
