import { readRefreshConfig } from "../../../functions/clerk-refresh/env.ts";
import {
  createRefreshHandler,
  type RefreshHandlerOptions,
} from "../../../functions/clerk-refresh/handler.ts";
import { functionEnv } from "./function_env.ts";
import type { Stack } from "./stack.ts";

/**
 * Serves the refresh function in this process, composed as in its `index.ts`.
 *
 * @param env The function's environment, in addition to what Supabase sets.
 */
export function serveRefresh(
  stack: Stack,
  env: Record<string, string>,
  options: Partial<RefreshHandlerOptions> = {},
): void {
  const config = readRefreshConfig(functionEnv(stack, env));
  stack.serveFunction("clerk-refresh", createRefreshHandler({ config, ...options }));
}
