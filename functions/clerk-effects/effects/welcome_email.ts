import { Resend } from "resend";
import { type EffectHandler, GiveUp, RetryLater } from "../effect.ts";

/** How to welcome a user. In the texts, `{{first_name}}` stands for the name, or "there". */
export interface WelcomeEmailConfig {
  /** Resend's API key. */
  apiKey: string;
  /** Sender, as in `Acme <hello@example.com>`. */
  from: string;
  subject: string;
  text: string;
  html?: string;
  /** Resend's API URL; its own by default. */
  baseUrl?: string;
}

/** Seconds to wait when the provider asks for a pause without naming its length. */
const DEFAULT_PAUSE = 30;

/**
 * Sends a new user a welcome email through Resend, with an idempotency key derived from the webhook's id:
 * even if the response is lost, a second attempt sends nothing twice
 * (https://resend.com/docs/dashboard/emails/idempotency-keys).
 */
export function welcomeEmail(config: WelcomeEmailConfig): EffectHandler {
  const resend = new Resend(config.apiKey, config.baseUrl ? { baseUrl: config.baseUrl } : {});
  return {
    name: "welcome_email",
    async run({ object_id, webhook_id }, { supabase, signal }) {
      const { data: profile, error } = await supabase
        .from("profiles")
        .select("email, first_name")
        .eq("id", object_id)
        .abortSignal(signal)
        .maybeSingle();
      if (error) throw new Error(`The profile can't be read: "${error.code}"`, { cause: error });
      if (profile === null) return "the user is deleted";
      if (!profile.email) return "the user has no primary email address";

      const name = profile.first_name ?? "there";
      const answer = await resend.emails.send({
        from: config.from,
        to: profile.email,
        subject: fill(config.subject, name),
        text: fill(config.text, name),
        ...(config.html ? { html: fill(config.html, escapeHtml(name)) } : {}),
      }, { idempotencyKey: `welcome-email/${webhook_id}`, signal });
      return answer.error ? settle(answer.error, answer.headers) : undefined;
    },
  };
}

function fill(text: string, name: string): string {
  return text.replaceAll("{{first_name}}", () => name);
}

/** Users can put anything in their names. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Tells a refusal that means "already sent" from transient and permanent ones. */
function settle(
  { statusCode, name }: { statusCode: number | null; name: string },
  headers: Record<string, string> | null,
): string {
  if (name === "invalid_idempotent_request") return "it was sent already, to an earlier address";
  if (statusCode === 429) {
    const seconds = Number(headers?.["retry-after"]);
    throw new RetryLater("Resend asks for a pause", seconds > 0 ? seconds : DEFAULT_PAUSE);
  }
  if (statusCode === 422) throw new GiveUp(`Resend refuses the message: "${name}"`);
  throw new Error(`Resend did not send the message: "${name}"`);
}
