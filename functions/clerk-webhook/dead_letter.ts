import type { Json } from "../_shared/database.types.ts";
import type { Event } from "./event.ts";
import { instanceIdOf } from "./instance.ts";
import { isRecord } from "./json.ts";
import type { Call } from "./mapping.ts";
import { MAX_DEPTH, toStorable, toStorableString } from "./storable.ts";

/** Fields that are never stored, at any depth: secrets, tokens, and anything that opens an account. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "private_metadata",
  "approved_scopes",
  "backup_codes",
  "external_verification_redirect_url",
  "nonce",
  "otp_code",
  "password_digest",
  "ticket",
  "token",
  "url",
]);

/** Fields whose content belongs to the application: it may use any key, and is kept as it is. */
const METADATA_FIELDS = new Set(["public_metadata", "unsafe_metadata"]);
const NO_FIELDS: ReadonlySet<string> = new Set();

/** Where an event names its own object and the parents whose deletion erases it. */
const OWNER_PATHS = [
  ["id"],
  ["user_id"],
  ["user", "id"],
  ["organization_id"],
  ["organization", "id"],
  ["public_user_data", "user_id"],
  ["payer", "user_id"],
  ["payer", "organization_id"],
];

/** The call that keeps an event that can't be applied. */
export function toDeadLetter(event: Event, webhookId: string, reason: string): Call {
  return {
    rpc: "keep_dead_letter",
    args: {
      dead_letter: {
        webhook_id: webhookId,
        type: event.type,
        instance_id: instanceIdOf(event.body) ?? null,
        reason: toStorableString(reason),
        owner_ids: ownerIds(event.body.data),
        payload: redact(event.body),
      },
    },
  };
}

function ownerIds(data: unknown): string[] {
  const ids = OWNER_PATHS
    .map((path) => path.reduce(child, data))
    .filter((id): id is string => typeof id === "string" && id !== "")
    .map(toStorableString);
  return [...new Set(ids)];
}

function child(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

/** A copy without the secret fields and without anything nested too deeply to be stored. */
function redact(value: unknown, secretFields = SECRET_FIELDS, depth = 0): Json {
  if (typeof value !== "object" || value === null) return toStorable(value);
  if (depth >= MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => redact(item, secretFields, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !secretFields.has(key))
      .map(([key, item]) => [
        toStorableString(key),
        redact(item, METADATA_FIELDS.has(key) ? NO_FIELDS : secretFields, depth + 1),
      ]),
  );
}
