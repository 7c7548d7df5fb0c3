import { commandEnv, type Mirror } from "../mirror.ts";
import type { ClerkApi } from "./api.ts";

/** What a command needs to read this instance into this mirror. */
export function clerkEnv(clerk: ClerkApi, mirror: Mirror): Record<string, string> {
  return {
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
    ...commandEnv(mirror),
  };
}
