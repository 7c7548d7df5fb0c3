import type { Mirror } from "../mirror.ts";
import { namingEnv } from "../naming.ts";
import type { ClerkApi } from "./api.ts";

/** What a command needs to read this instance into this mirror. */
export function clerkEnv(clerk: ClerkApi, mirror: Mirror): Record<string, string> {
  return {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    SUPABASE_URL: mirror.apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
    ...namingEnv(mirror.naming),
    MIRROR_DEV_FOLDER: "none",
    MIRROR_ENV_FILE: "none",
  };
}
