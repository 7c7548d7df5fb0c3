import { type ClerkEnv, readClerkEnv } from "../_shared/clerk_env.ts";
import type { Misconfiguration } from "../_shared/misconfiguration.ts";
import { type Env, readOrComplain } from "../_shared/read_env.ts";
import { readSupabaseEnv, type SupabaseEnv } from "../_shared/supabase_env.ts";

/** What the function needs to know. */
export interface ReconcileConfig {
  project: SupabaseEnv;
  /** Which Clerk instance to read; without its key, the function is off. */
  clerk: ClerkEnv | Misconfiguration;
}

/** Reads the configuration, once per isolate. */
export function readReconcileConfig(env: Env): ReconcileConfig | Misconfiguration {
  return readOrComplain(() => ({
    project: readSupabaseEnv(env),
    clerk: readOrComplain(() => readClerkEnv(env)),
  }));
}
