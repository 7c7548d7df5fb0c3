import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "./database.types.ts";
import type { SupabaseEnv } from "./supabase_env.ts";

/** Supabase's client with the types of this schema. */
export type Supabase = SupabaseClient<Database>;

/** Makes a client for a key rather than a session: nothing is kept, refreshed or looked for. */
export function createSupabase({ supabaseUrl, supabaseKey }: SupabaseEnv): Supabase {
  return createClient<Database>(supabaseUrl, supabaseKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}
