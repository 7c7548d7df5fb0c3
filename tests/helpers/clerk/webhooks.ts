/** Clerk's webhooks, as far as its Backend API sets them up. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { newSigningSecret } from "../../../tools/development/events/signed_request.ts";

/** An endpoint, as it was made. */
export interface ClerkEndpoint {
  id: string;
  url: string;
  filter_types: string[];
  signing_secret: string;
}

/** An answer. */
export interface WebhooksAnswer {
  status: number;
  body: unknown;
}

/** What an instance has of webhooks. */
export interface ClerkWebhooks {
  /** Whether there is an app for them, which the links lead into. */
  hasApp: boolean;
  endpoints: ClerkEndpoint[];
  /** Answers a request below `/v1/webhooks`; undefined where there is nothing of that path. */
  answer(method: string, path: string, body: unknown): WebhooksAnswer | undefined;
}

/**
 * Makes the webhooks of an instance without any.
 *
 * @param offersEndpoints Whether endpoints can be made: its documentation says so, its description doesn't.
 */
export function newWebhooks(offersEndpoints: boolean): ClerkWebhooks {
  const link = () => ({
    status: 200,
    body: { svix_url: `https://app.svix.com/login#key=${randomUUID()}` },
  });
  const refusal = (code: string) => ({ status: 400, body: { errors: [{ message: code, code }] } });
  const webhooks: ClerkWebhooks = {
    hasApp: false,
    endpoints: [],
    answer(method, path, body) {
      switch (`${method} ${path}`) {
        case "POST /svix":
          if (webhooks.hasApp) return refusal("svix_app_exists");
          webhooks.hasApp = true;
          return link();
        case "POST /svix_url":
          return webhooks.hasApp ? link() : refusal("svix_app_missing");
        case "GET /endpoints":
          return offersEndpoints ? { status: 200, body: webhooks.endpoints } : undefined;
        case "POST /endpoints": {
          if (!offersEndpoints || !isRecord(body)) return undefined;
          const endpoint = {
            id: `ep_${webhooks.endpoints.length + 1}`,
            url: String(body.url),
            filter_types: Array.isArray(body.filter_types) ? body.filter_types.map(String) : [],
            signing_secret: newSigningSecret(),
          };
          webhooks.endpoints.push(endpoint);
          return { status: 200, body: endpoint };
        }
      }
      return undefined;
    },
  };
  return webhooks;
}
