import type { SupabaseEnv } from "./supabase_env.ts";

/** Milliseconds that the call may take before it is abandoned: the function continues on its own. */
const TIMEOUT = 5_000;

/**
 * Calls another function of the project, without waiting for its response. Failures don't matter: the
 * schedule catches what was missed.
 */
export async function wakeFunction(
  { supabaseUrl, supabaseKey }: SupabaseEnv,
  name: string,
): Promise<void> {
  try {
    const response = await fetch(`${supabaseUrl}/functions/v1/${name}`, {
      method: "POST",
      headers: { apikey: supabaseKey },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    await response.body?.cancel();
  } catch {
    // The schedule will do it.
  }
}
