import { keepAlive } from "../_shared/keep_alive.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";

/** Milliseconds that the call may take before it is left alone: the worker goes on by itself. */
const TIMEOUT = 5_000;

/**
 * Makes a function that calls the effects worker, after the webhook is answered and without anybody
 * waiting for it. While one call is under way, the worker is awake: no second one is made. Failures
 * do not matter, since a schedule catches what was missed.
 */
export function createNudge({ supabaseUrl, supabaseKey }: SupabaseEnv): () => void {
  let isUnderWay = false;

  async function call(): Promise<void> {
    isUnderWay = true;
    try {
      const response = await fetch(`${supabaseUrl}/functions/v1/clerk-effects`, {
        method: "POST",
        headers: { apikey: supabaseKey },
        signal: AbortSignal.timeout(TIMEOUT),
      });
      await response.body?.cancel();
    } catch {
      // The schedule comes by.
    } finally {
      isUnderWay = false;
    }
  }

  return () => {
    if (!isUnderWay) keepAlive(call());
  };
}
