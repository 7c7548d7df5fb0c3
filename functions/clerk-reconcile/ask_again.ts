import { keepAlive } from "../_shared/keep_alive.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { wakeFunction } from "../_shared/wake_function.ts";

/** Seconds that are worth waiting for; anything postponed for longer is left to the schedule. */
const LONGEST_WAIT = 30;

/**
 * Makes the function call itself for the next slice, without waiting for the response. Failures don't matter:
 * the schedule catches what was missed.
 *
 * @param delay Seconds until then.
 */
export function askAgain(project: SupabaseEnv, delay: number): void {
  if (delay <= LONGEST_WAIT) keepAlive(call(project, delay));
}

async function call(project: SupabaseEnv, delay: number): Promise<void> {
  // A little later than when the run can be taken again.
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay * 1000 + 250));
  await wakeFunction(project, "clerk-reconcile");
}
