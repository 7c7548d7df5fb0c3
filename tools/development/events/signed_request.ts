import { Webhook } from "svix";
import { newId } from "./new_id.ts";

/** How to send a body. */
export interface DeliveryOptions {
  /** The message id, the same on every delivery of one message; a fresh one by default. */
  id?: string;
  /** Unix milliseconds of this attempt; now by default. */
  at?: number;
  /** Spelling of the headers; `svix` by default. */
  prefix?: "svix" | "webhook";
}

/** One delivery, as Svix makes it: the unchanged body, signed with the secret. */
export function signedRequest(
  url: string,
  secret: string,
  body: string,
  options: DeliveryOptions = {},
): Request {
  const { id = newId("msg"), at = Date.now(), prefix = "svix" } = options;
  return new Request(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "Svix-Webhooks/1.0",
      [`${prefix}-id`]: id,
      [`${prefix}-timestamp`]: String(Math.floor(at / 1000)),
      [`${prefix}-signature`]: new Webhook(secret).sign(id, new Date(at), body),
    },
    body,
  });
}

/** A signing secret in Svix's format: 24 random bytes. */
export function newSigningSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(24))))}`;
}
