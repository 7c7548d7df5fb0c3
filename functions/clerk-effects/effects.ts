import type { EffectHandler } from "./effect.ts";
import { cleanUpUserData } from "./effects/clean_up_user_data.ts";
import { welcomeEmail } from "./effects/welcome_email.ts";
import type { EffectsConfig } from "./env.ts";

/**
 * The handlers that are configured. To add one: a file in `effects/`, a line here, and a row in
 * `clerk_sync.effects`.
 */
export function configuredHandlers(config: EffectsConfig): EffectHandler[] {
  return [
    ...(config.welcomeEmail ? [welcomeEmail(config.welcomeEmail)] : []),
    ...(config.cleanUp ? [cleanUpUserData(config.cleanUp)] : []),
  ];
}
