import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";

/** A project's URL as it may be shown: without a user, a password or anything else it may contain. */
export function projectAddress({ supabaseUrl }: SupabaseEnv): string {
  return new URL(supabaseUrl).origin;
}
