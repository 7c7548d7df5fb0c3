import { Webhook } from "svix";
import { Misconfiguration } from "./errors.ts";

/** What the function needs to know, read once per isolate. */
export interface Config {
  /** One verifier for each signing secret; several while a secret is rotated. */
  webhooks: readonly Webhook[];
  /** Events of any other Clerk instance are ignored, if set. */
  instanceId?: string;
  supabaseUrl: string;
  supabaseKey: string;
}

type Env = Pick<typeof Deno.env, "get">;

/** Bytes. Svix's own secrets have 24 to 64; a shorter key could be guessed. */
const MIN_SECRET_BYTES = 24;

const SECRET_PREFIX = "whsec_";

/**
 * Reads the configuration. Never throws: a function that is misconfigured still starts, answers 500
 * and says in its log which variable is wrong.
 */
export function readConfig(env: Env): Config | Misconfiguration {
  try {
    const instanceId = env.get("CLERK_INSTANCE_ID");
    return {
      webhooks: readSigningSecrets(env),
      ...(instanceId ? { instanceId } : {}),
      supabaseUrl: readSupabaseUrl(env),
      supabaseKey: readSupabaseKey(env),
    };
  } catch (error) {
    if (error instanceof Misconfiguration) return error;
    throw error;
  }
}

/** `CLERK_WEBHOOK_SIGNING_SECRET` is Clerk's own name; older guides say `CLERK_WEBHOOK_SECRET`. */
function readSigningSecrets(env: Env): Webhook[] {
  const variable = env.get("CLERK_WEBHOOK_SIGNING_SECRET")
    ? "CLERK_WEBHOOK_SIGNING_SECRET"
    : "CLERK_WEBHOOK_SECRET";
  const secrets = (env.get(variable) ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
  if (secrets.length === 0) {
    throw new Misconfiguration("CLERK_WEBHOOK_SIGNING_SECRET", "The signing secret is not set");
  }
  return secrets.map((secret) => toWebhook(variable, secret));
}

function toWebhook(variable: string, secret: string): Webhook {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  const key = decodeBase64(encoded);
  if (key === undefined) {
    throw new Misconfiguration(variable, 'A signing secret is not "whsec_" and base64');
  }
  if (key.byteLength < MIN_SECRET_BYTES) {
    throw new Misconfiguration(
      variable,
      `A signing secret has fewer than ${MIN_SECRET_BYTES} bytes`,
    );
  }
  return new Webhook(key, { format: "raw" });
}

function decodeBase64(encoded: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function readSupabaseUrl(env: Env): string {
  const url = env.get("SUPABASE_URL");
  if (!url) throw new Misconfiguration("SUPABASE_URL", "The address of the project is not set");
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new Misconfiguration("SUPABASE_URL", "The address of the project is not an HTTP address");
  }
  return url;
}

/** `SUPABASE_SECRET_KEYS` is JSON, `{"default": "sb_secret_…"}`; before it, there was one key. */
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
