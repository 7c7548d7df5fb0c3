import { keepAlive } from "../_shared/keep_alive.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";

/** Milliseconds that the call may take before it is left alone: the next slice goes on by itself. */
const TIMEOUT = 5_000;

/** Seconds that are worth waiting for; what is put off for longer is left to the schedule. */
const LONGEST_WAIT = 30;

/**
 * Has the function call itself for the next slice, without anybody waiting for it. Failures do not matter:
 * the schedule catches what was missed.
 *
 * @param delay Seconds until then.
 */
export function askAgain(project: SupabaseEnv, delay: number): void {
  if (delay <= LONGEST_WAIT) keepAlive(call(project, delay));
}

async function call({ supabaseUrl, supabaseKey }: SupabaseEnv, delay: number): Promise<void> {
  // A little later than the run can be taken again.
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay * 1000 + 250));
  try {
    const response = await fetch(`${supabaseUrl}/functions/v1/clerk-reconcile`, {
      method: "POST",
      headers: { apikey: supabaseKey },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    await response.body?.cancel();
  } catch {
    // The schedule comes by.
  }
}
