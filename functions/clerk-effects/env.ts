import { readLoggedSuccesses } from "../_shared/journal.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { type Env, readList, readOrComplain } from "../_shared/read_env.ts";
import { readSupabaseEnv, type SupabaseEnv } from "../_shared/supabase_env.ts";
import type { CleanUpConfig } from "./effects/clean_up_user_data.ts";
import type { WelcomeEmailConfig } from "./effects/welcome_email.ts";

/** What the worker needs to know. Effects without their configuration are off. */
export interface EffectsConfig extends SupabaseEnv {
  welcomeEmail?: WelcomeEmailConfig;
  cleanUp?: CleanUpConfig;
  /** Successes that are logged in ten seconds. */
  loggedSuccesses: number;
}

/** Reads the configuration, once per isolate. */
export function readEffectsConfig(env: Env): EffectsConfig | Misconfiguration {
  return readOrComplain(() => {
    const apiKey = env.get("RESEND_API_KEY");
    const buckets = readList(env, "CLEAN_UP_BUCKETS");
    return {
      ...readSupabaseEnv(env),
      loggedSuccesses: readLoggedSuccesses(env),
      ...(apiKey ? { welcomeEmail: readWelcomeEmail(env, apiKey) } : {}),
      ...(buckets.length > 0 ? { cleanUp: { buckets } } : {}),
    };
  });
}

function readWelcomeEmail(env: Env, apiKey: string): WelcomeEmailConfig {
  const from = env.get("WELCOME_EMAIL_FROM");
  if (!from) throw new Misconfiguration("WELCOME_EMAIL_FROM", "The sender is not set");
  const html = env.get("WELCOME_EMAIL_HTML");
  const baseUrl = env.get("RESEND_BASE_URL");
  return {
    apiKey,
    from,
    subject: env.get("WELCOME_EMAIL_SUBJECT") || "Welcome",
    text: env.get("WELCOME_EMAIL_TEXT") || "Hello {{first_name}},\n\nwelcome!\n",
    ...(html ? { html } : {}),
    ...(baseUrl ? { baseUrl } : {}),
  };
}
