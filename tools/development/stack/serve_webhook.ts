import { createDatabase } from "../../../functions/clerk-webhook/database.ts";
import { readConfig } from "../../../functions/clerk-webhook/env.ts";
import { groupCalls } from "../../../functions/clerk-webhook/group_calls.ts";
import { createHandler, type HandlerOptions } from "../../../functions/clerk-webhook/handler.ts";
import { functionEnv } from "./function_env.ts";
import type { Stack } from "./stack.ts";

/**
 * Serves the webhook function in this process, composed as in its `index.ts`.
 *
 * @param env The function's environment, in addition to what Supabase sets.
 * @returns The webhook URL.
 */
export function serveWebhook(
  stack: Stack,
  env: Record<string, string>,
  options: Partial<HandlerOptions> = {},
): string {
  stack.serveFunction(
    "clerk-webhook",
    createHandler({
      config: readConfig(functionEnv(stack, env)),
      createDatabase: (options) => groupCalls(createDatabase(options)),
      ...options,
    }),
  );
  return `${stack.apiUrl}/functions/v1/clerk-webhook`;
}
