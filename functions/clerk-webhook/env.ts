import { Webhook } from "svix";
import { readLoggedSuccesses } from "../_shared/journal.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { type Env, readList, readOrComplain } from "../_shared/read_env.ts";
import { readSupabaseEnv, type SupabaseEnv } from "../_shared/supabase_env.ts";

/** What the function needs to know, read once per isolate. */
export interface Config extends SupabaseEnv {
  /** One verifier per signing secret; several while a secret is being rotated. */
  webhooks: readonly Webhook[];
  /** Events from any other Clerk instance are counted and ignored, if set. */
  instanceId?: string;
  /** Types of events after which the effects worker is woken. */
  effectTypes: ReadonlySet<string>;
  /** Successes that are logged in ten seconds. */
  loggedSuccesses: number;
}

/** Bytes. Svix's own secrets have 24 to 64; a shorter key could be guessed. */
const MIN_SECRET_BYTES = 24;

const SECRET_PREFIX = "whsec_";

/** Reads the configuration, once per isolate. */
export function readConfig(env: Env): Config | Misconfiguration {
  return readOrComplain(() => {
    const instanceId = env.get("CLERK_INSTANCE_ID");
    return {
      webhooks: readSigningSecrets(env),
      ...(instanceId ? { instanceId } : {}),
      effectTypes: readEffectTypes(env),
      loggedSuccesses: readLoggedSuccesses(env),
      ...readSupabaseEnv(env),
    };
  });
}

/** `CLERK_WEBHOOK_SIGNING_SECRET` is Clerk's own name; older guides say `CLERK_WEBHOOK_SECRET`. */
function readSigningSecrets(env: Env): Webhook[] {
  const variable = env.get("CLERK_WEBHOOK_SIGNING_SECRET")
    ? "CLERK_WEBHOOK_SIGNING_SECRET"
    : "CLERK_WEBHOOK_SECRET";
  const secrets = readList(env, variable);
  if (secrets.length === 0) {
    throw new Misconfiguration("CLERK_WEBHOOK_SIGNING_SECRET", "The signing secret is not set");
  }
  return secrets.map((secret) => toWebhook(variable, secret));
}

/** The event types of the configured effects; `EFFECT_TYPES` adds those of your own effects. */
function readEffectTypes(env: Env): Set<string> {
  return new Set([
    ...readList(env, "EFFECT_TYPES"),
    ...(env.get("RESEND_API_KEY") ? ["user.created"] : []),
    ...(env.get("CLEAN_UP_BUCKETS") ? ["user.deleted"] : []),
  ]);
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
