import { Misconfiguration } from "./misconfiguration.ts";
import { type Env, isHttpAddress } from "./read_env.ts";

/** Which Clerk instance to read. */
export interface ClerkEnv {
  secretKey: string;
  /** Clerk's own address by default. */
  apiUrl?: string;
}

/**
 * Reads `CLERK_SECRET_KEY` and, optionally, `CLERK_API_URL`, the names that Clerk's SDKs use.
 *
 * @throws {Misconfiguration} if one is missing or malformed.
 */
export function readClerkEnv(env: Env): ClerkEnv {
  const secretKey = env.get("CLERK_SECRET_KEY");
  if (!secretKey) {
    throw new Misconfiguration(
      "CLERK_SECRET_KEY",
      "The secret key of the Clerk instance is not set",
    );
  }
  if (!/^sk_(?:live|test)_/.test(secretKey)) {
    throw new Misconfiguration(
      "CLERK_SECRET_KEY",
      'The secret key begins with neither "sk_live_" nor "sk_test_"',
    );
  }
  const apiUrl = env.get("CLERK_API_URL");
  if (!apiUrl) return { secretKey };
  if (!isHttpAddress(apiUrl)) {
    throw new Misconfiguration(
      "CLERK_API_URL",
      "The address of Clerk's API is not an HTTP address",
    );
  }
  return { secretKey, apiUrl };
}
