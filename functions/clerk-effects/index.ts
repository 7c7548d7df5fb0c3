/** The effects worker, as Supabase's edge runtime and `deno serve` start it. */
import { configuredHandlers } from "./effects.ts";
import { readEffectsConfig } from "./env.ts";
import { createEffectsHandler } from "./handler.ts";

export default {
  fetch: createEffectsHandler({ config: readEffectsConfig(Deno.env), configuredHandlers }),
};
