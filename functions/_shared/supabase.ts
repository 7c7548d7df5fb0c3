import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "./database.types.ts";
import type { SupabaseEnv } from "./supabase_env.ts";

/** Supabase's client with the types of this schema. */
export type Supabase = SupabaseClient<Database>;

/**
 * Makes a client for a key rather than a session: it has no session, so that it neither makes a
 * client for the Auth API nor asks it for a token on every call.
 */
export function createSupabase({ supabaseUrl, supabaseKey }: SupabaseEnv): Supabase {
  return createClient<Database>(supabaseUrl, supabaseKey, {
    accessToken: () => Promise.resolve(null),
  });
}
