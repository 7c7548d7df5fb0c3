import { configuredHandlers } from "../../../functions/clerk-effects/effects.ts";
import { readEffectsConfig } from "../../../functions/clerk-effects/env.ts";
import { createEffectsHandler } from "../../../functions/clerk-effects/handler.ts";
import { functionEnv } from "./function_env.ts";
import type { Stack } from "./stack.ts";

/**
 * Serves the effects worker in this process, composed as in its `index.ts`.
 *
 * @param env The function's environment, in addition to what Supabase sets.
 */
export function serveEffects(stack: Stack, env: Record<string, string>): void {
  const config = readEffectsConfig(functionEnv(stack, env));
  stack.serveFunction("clerk-effects", createEffectsHandler({ config, configuredHandlers }));
}
