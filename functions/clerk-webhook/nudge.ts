import { keepAlive } from "../_shared/keep_alive.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { wakeFunction } from "../_shared/wake_function.ts";

/**
 * Creates a function that calls the effects worker after the webhook is answered, without waiting for the
 * response. While one call is in flight, the worker is awake, so no second one is made. Failures don't
 * matter, since a schedule catches what was missed.
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
