import { type ClerkEnv, readClerkEnv } from "../_shared/clerk_env.ts";
import type { Misconfiguration } from "../_shared/misconfiguration.ts";
import { type Env, readOrComplain } from "../_shared/read_env.ts";
import { readSupabaseEnv, type SupabaseEnv } from "../_shared/supabase_env.ts";

/** What the function needs to know. */
export interface RefreshConfig extends SupabaseEnv {
  /** Which Clerk instance to ask; without it, the function is off. */
  clerk?: ClerkEnv;
}

/** Reads the configuration, once per isolate. */
export function readRefreshConfig(env: Env): RefreshConfig | Misconfiguration {
  return readOrComplain(() => ({
    ...readSupabaseEnv(env),
    ...(env.get("CLERK_SECRET_KEY") ? { clerk: readClerkEnv(env) } : {}),
  }));
}
