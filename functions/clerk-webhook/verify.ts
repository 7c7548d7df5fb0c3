import type { Webhook } from "svix";
import { Refusal } from "./errors.ts";

/**
 * Seconds that a message's timestamp may differ from our clock, in either direction, as in Svix's libraries.
 */
const TIMESTAMP_TOLERANCE = 5 * 60;

/** Svix signs with a handful of secrets at most; every further signature would cost us a comparison. */
const MAX_SIGNATURES = 32;

/** Svix ids have 31 characters; the limit keeps them within what an index accepts. */
const MAX_ID_LENGTH = 255;

/** The two spellings of Svix's headers: its own, and that of the Standard Webhooks specification. */
const HEADER_PREFIXES = ["svix", "webhook"] as const;

/** Refuses anything that isn't UTF-8 and leaves a byte order mark in place. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A body that its sender signed, still as text. */
export interface VerifiedWebhook {
  /** The message id, the same on every delivery of one message. */
  id: string;
  body: string;
}

/** The three headers that every delivery carries. */
export interface SignatureHeaders {
  id: string;
  timestamp: string;
  signatures: string;
}

/**
 * Reads a delivery's headers, from one spelling or the other, never a mixture.
 *
 * @throws {Refusal} `missing_header`, or `invalid_header` for an id that is too long.
 */
export function readSignatureHeaders(headers: Headers): SignatureHeaders {
  for (const prefix of HEADER_PREFIXES) {
    const id = headers.get(`${prefix}-id`);
    const timestamp = headers.get(`${prefix}-timestamp`);
    const signatures = headers.get(`${prefix}-signature`);
    if (!id || !timestamp || !signatures) continue;
    if (id.length > MAX_ID_LENGTH) throw new Refusal("invalid_header");
    return { id, timestamp, signatures };
  }
  throw new Refusal("missing_header");
}

/**
 * Verifies the exact bytes of a body against any of our secrets.
 *
 * Stricter than the library where it is lax: a timestamp may only contain digits, a body that isn't valid
 * UTF-8 is refused (the library would verify its lossy decoding), a byte order mark stays part of what is
 * verified, and only the first few signatures are looked at.
 *
 * @throws {Refusal} `invalid_timestamp` or `invalid_signature`.
 */
export function verifyWebhook(
  webhooks: readonly Webhook[],
  headers: SignatureHeaders,
  bytes: Uint8Array,
): VerifiedWebhook {
  if (!isRecent(headers.timestamp)) throw new Refusal("invalid_timestamp");
  const body = decode(bytes);
  const signed = {
    "svix-id": headers.id,
    "svix-timestamp": headers.timestamp,
    "svix-signature": headers.signatures.split(" ", MAX_SIGNATURES).join(" "),
  };
  if (!webhooks.some((webhook) => isSignedBy(webhook, body, signed))) {
    throw new Refusal("invalid_signature");
  }
  return { id: headers.id, body };
}

function isRecent(timestamp: string): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  return Math.abs(Math.floor(Date.now() / 1000) - Number(timestamp)) <= TIMESTAMP_TOLERANCE;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refusal("invalid_signature");
  }
}

function isSignedBy(webhook: Webhook, body: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
