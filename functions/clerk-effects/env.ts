import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { type Env, readSupabaseEnv, type SupabaseEnv } from "../_shared/supabase_env.ts";
import type { CleanUpConfig } from "./effects/clean_up_user_data.ts";
import type { WelcomeEmailConfig } from "./effects/welcome_email.ts";

/** What the worker needs to know. Effects without their configuration are off. */
export interface EffectsConfig extends SupabaseEnv {
  welcomeEmail?: WelcomeEmailConfig;
  cleanUp?: CleanUpConfig;
}

/** Reads the configuration. Never throws: a function that is misconfigured still starts and says so. */
export function readEffectsConfig(env: Env): EffectsConfig | Misconfiguration {
  try {
    const apiKey = env.get("RESEND_API_KEY");
    const buckets = readList(env.get("CLEAN_UP_BUCKETS"));
    return {
      ...readSupabaseEnv(env),
      ...(apiKey ? { welcomeEmail: readWelcomeEmail(env, apiKey) } : {}),
      ...(buckets.length > 0 ? { cleanUp: { buckets } } : {}),
    };
  } catch (error) {
    if (error instanceof Misconfiguration) return error;
    throw error;
  }
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

function readList(text: string | undefined): string[] {
  return (text ?? "").split(/[\s,]+/).filter((item) => item !== "");
}
