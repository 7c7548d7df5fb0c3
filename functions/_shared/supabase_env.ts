import { Misconfiguration } from "./misconfiguration.ts";
import { type Naming, readNaming } from "./naming.ts";
import { type Env, isHttpAddress } from "./read_env.ts";

/** The project that a function belongs to. */
export interface SupabaseEnv {
  supabaseUrl: string;
  supabaseKey: string;
  /** What the mirror is called there; by default, as this code was installed. */
  naming?: Naming;
}

/**
 * Reads what Supabase sets for every function.
 *
 * @throws {Misconfiguration} if it is missing or malformed.
 */
export function readSupabaseEnv(env: Env): SupabaseEnv {
  return {
    supabaseUrl: readSupabaseUrl(env),
    supabaseKey: readSupabaseKey(env),
    naming: readNaming(env),
  };
}

function readSupabaseUrl(env: Env): string {
  const url = env.get("SUPABASE_URL");
  if (!url) throw new Misconfiguration("SUPABASE_URL", "The address of the project is not set");
  if (!isHttpAddress(url)) {
    throw new Misconfiguration("SUPABASE_URL", "The address of the project is not an HTTP address");
  }
  return url;
}

/** `SUPABASE_SECRET_KEYS` is JSON, `{"default": "sb_secret_…"}`; it replaces the older single key. */
function readSupabaseKey(env: Env): string {
  const keys = env.get("SUPABASE_SECRET_KEYS");
  const key = keys ? pickKey(keys) : env.get("SUPABASE_SERVICE_ROLE_KEY");
  if (!key) throw new Misconfiguration("SUPABASE_SECRET_KEYS", "No secret key is set");
  return key;
}

function pickKey(json: string): string {
  let keys: unknown;
  try {
    keys = JSON.parse(json);
  } catch {
    // Told apart from an empty object below: the message is the same.
  }
  const named = typeof keys === "object" && keys !== null ? Object.entries(keys) : [];
  const [, key] = named.find(([name]) => name === "default") ?? named[0] ?? [];
  if (typeof key !== "string" || key === "") {
    throw new Misconfiguration(
      "SUPABASE_SECRET_KEYS",
      'The secret keys are not JSON such as {"default": "sb_secret_…"}',
    );
  }
  return key;
}
