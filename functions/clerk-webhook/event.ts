import * as z from "zod/mini";
import { optionalText, time } from "./fields.ts";
import { instanceIdOf } from "./instance.ts";
import { isRecord } from "./json.ts";
import type { Call } from "./mapping.ts";
import { organizationMappings } from "./mappings/organization.ts";
import { organizationDomainMappings } from "./mappings/organization_domain.ts";
import { organizationInvitationMappings } from "./mappings/organization_invitation.ts";
import { organizationMembershipMappings } from "./mappings/organization_membership.ts";
import { organizationPermissionMappings } from "./mappings/organization_permission.ts";
import { organizationRoleMappings } from "./mappings/organization_role.ts";
import { paymentAttemptMappings } from "./mappings/payment_attempt.ts";
import { sessionMappings } from "./mappings/session.ts";
import { subscriptionItemMappings } from "./mappings/subscription_item.ts";
import { subscriptionMappings } from "./mappings/subscription.ts";
import { userMappings } from "./mappings/user.ts";
import { waitlistEntryMappings } from "./mappings/waitlist_entry.ts";
import { createParser } from "./parser.ts";

/** All event types that change the mirror. Any other is acknowledged and ignored. */
export const mappings = {
  ...userMappings,
  ...sessionMappings,
  ...organizationMappings,
  ...organizationMembershipMappings,
  ...organizationInvitationMappings,
  ...organizationDomainMappings,
  ...organizationRoleMappings,
  ...organizationPermissionMappings,
  ...waitlistEntryMappings,
  ...subscriptionMappings,
  ...subscriptionItemMappings,
  ...paymentAttemptMappings,
};

/** An event type that changes the mirror. */
export type EventType = keyof typeof mappings;

/** What the mirror accepts as an event of each type: Clerk's own types must be assignable to it. */
export type EventInput = {
  [Type in EventType]: z.input<typeof envelopeSchema> & {
    type: Type;
    data: NonNullable<(typeof mappings)[Type]["input"]>;
  };
}[EventType];

/** A verified event of a type that changes the mirror, its contents not yet checked. */
export interface Event {
  type: EventType;
  body: Record<string, unknown>;
}

const envelopeSchema = z.object({
  timestamp: time,
  event_attributes: z.nullish(z.object({
    http_request: z.nullish(z.object({ client_ip: optionalText, user_agent: optionalText })),
  })),
});

const parseEnvelope = createParser(envelopeSchema, "event");

/** The event type's name for the log; null for a signed body without one. */
export function typeName(body: unknown): string | null {
  return isRecord(body) && typeof body.type === "string" ? body.type.slice(0, 100) : null;
}

/**
 * Separates events for us from what is only acknowledged: other signed bodies (`svix.ping`), and types
 * without a mapping.
 */
export function recognizeEvent(body: unknown): Event | undefined {
  return isRecord(body) && isEventType(body.type) ? { type: body.type, body } : undefined;
}

/**
 * The one call that an event becomes.
 *
 * @throws {Inapplicable} if the event doesn't have the expected shape.
 */
export function toCall(event: Event, webhookId: string): Call {
  const envelope = parseEnvelope(event.body);
  const request = envelope.event_attributes?.http_request;
  return mappings[event.type].toCall(event.body.data, {
    id: webhookId,
    type: event.type,
    occurredAt: envelope.timestamp,
    ipAddress: request?.client_ip || null,
    userAgent: request?.user_agent || null,
    instanceId: instanceIdOf(event.body),
  });
}

function isEventType(value: unknown): value is EventType {
  return typeof value === "string" && Object.hasOwn(mappings, value);
}
