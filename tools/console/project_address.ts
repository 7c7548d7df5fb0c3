import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";

/** A project's address as it may be shown: without a user, a password or whatever else may stand in it. */
export function projectAddress({ supabaseUrl }: SupabaseEnv): string {
  return new URL(supabaseUrl).origin;
}
