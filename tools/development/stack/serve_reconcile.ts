import { readReconcileConfig } from "../../../functions/clerk-reconcile/env.ts";
import {
  createReconcileHandler,
  type ReconcileHandlerOptions,
} from "../../../functions/clerk-reconcile/handler.ts";
import { functionEnv } from "./function_env.ts";
import type { Stack } from "./stack.ts";

/**
 * Serves the function that runs backfills and reconciliations in this process, composed as in its `index.ts`.
 *
 * @param env The function's environment, in addition to what Supabase sets.
 */
export function serveReconcile(
  stack: Stack,
  env: Record<string, string>,
  options: Partial<ReconcileHandlerOptions> = {},
): void {
  const config = readReconcileConfig(functionEnv(stack, env));
  stack.serveFunction("clerk-reconcile", createReconcileHandler({ config, ...options }));
}
