import { keepAlive } from "../_shared/keep_alive.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { wakeFunction } from "../_shared/wake_function.ts";

/**
 * Makes a function that calls the effects worker, after the webhook is answered and without anybody
 * waiting for it. While one call is under way, the worker is awake: no second one is made. Failures
 * do not matter, since a schedule catches what was missed.
 */
export function createNudge(project: SupabaseEnv): () => void {
  let isUnderWay = false;

  async function call(): Promise<void> {
    isUnderWay = true;
    await wakeFunction(project, "clerk-effects");
    isUnderWay = false;
  }

  return () => {
    if (!isUnderWay) keepAlive(call());
  };
}
