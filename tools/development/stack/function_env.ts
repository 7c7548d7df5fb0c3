import type { Env } from "../../../functions/_shared/read_env.ts";
import type { Stack } from "./stack.ts";

/** A function's environment on a stack: what Supabase sets, plus what is given. */
export function functionEnv(stack: Stack, env: Record<string, string>): Env {
  return new Map(Object.entries({
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.keys.secretKey }),
    CLERK_MIRROR_SCHEMA: stack.naming.schema,
    CLERK_MIRROR_PREFIX: stack.naming.prefix,
    // Nothing limits a log on this machine.
    LOG_SUCCESSES: "all",
    ...env,
  }));
}
