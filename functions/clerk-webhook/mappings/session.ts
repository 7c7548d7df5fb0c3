import * as z from "zod/mini";
import {
  id,
  optionalFlag,
  optionalId,
  optionalObject,
  optionalText,
  optionalTime,
  text,
  time,
} from "../fields.ts";
import { type Context, defineMapping, type Row } from "../mapping.ts";
import { toProfile, userSchema } from "./user.ts";

/** A session with the full user that it belongs to, if Clerk includes one. */
export const sessionSchema = z.object({
  id,
  user_id: id,
  user: z.nullish(userSchema),
  client_id: optionalId,
  status: text,
  last_active_organization_id: optionalText,
  actor: optionalObject,
  latest_activity: z.nullish(z.object({
    device_type: optionalText,
    is_mobile: optionalFlag,
    browser_name: optionalText,
    browser_version: optionalText,
    city: optionalText,
    country: optionalText,
  })),
  last_active_at: optionalTime,
  expire_at: optionalTime,
  abandon_at: optionalTime,
  created_at: time,
  updated_at: time,
});

function toSessionLog(
  session: z.output<typeof sessionSchema>,
  { webhook, envelope }: Context,
): Row<"session_logs"> {
  const activity = session.latest_activity;
  return {
    id: session.id,
    user_id: session.user_id,
    client_id: session.client_id,
    status: session.status,
    last_active_organization_id: session.last_active_organization_id,
    actor: session.actor,
    device_type: activity?.device_type,
    is_mobile: activity?.is_mobile,
    browser_name: activity?.browser_name,
    browser_version: activity?.browser_version,
    city: activity?.city,
    country: activity?.country,
    // Facts from the event that opened the session: any other comes from wherever it was ended.
    ...(webhook.type === "session.created"
      ? { ip_address: envelope.ipAddress, user_agent: envelope.userAgent }
      : {}),
    last_active_at: session.last_active_at,
    expire_at: session.expire_at,
    abandon_at: session.abandon_at,
    created_at: session.created_at,
    updated_at: session.updated_at,
  };
}

const log = defineMapping(sessionSchema, (session, context) => ({
  rpc: "log_sessions",
  args: {
    sessions: [toSessionLog(session, context)],
    profiles: [session.user ? toProfile(session.user) : { id: session.user_id }],
    webhook: context.webhook,
  },
}));

export const sessionMappings = {
  "session.created": log,
  "session.pending": log,
  "session.ended": log,
  "session.removed": log,
  "session.revoked": log,
};
