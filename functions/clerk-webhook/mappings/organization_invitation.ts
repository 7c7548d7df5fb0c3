import * as z from "zod/mini";
import {
  id,
  optionalId,
  optionalObject,
  optionalText,
  optionalTime,
  text,
  time,
} from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";
import { organizationSnapshotSchema, toPlaceholder } from "./organization_snapshot.ts";

/** An invitation to an organization. Its `url`, which accepts it, is not read. */
export const organizationInvitationSchema = z.object({
  id,
  organization_id: id,
  public_organization_data: organizationSnapshotSchema,
  email_address: text,
  role: optionalText,
  role_name: optionalText,
  status: optionalText,
  user_id: optionalId,
  public_metadata: optionalObject,
  expires_at: optionalTime,
  created_at: time,
  updated_at: time,
});

/** The row of an invitation. */
export function toOrganizationInvitation(
  invitation: z.output<typeof organizationInvitationSchema>,
): Row<"organization_invitations"> {
  return {
    id: invitation.id,
    organization_id: invitation.organization_id,
    email_address: invitation.email_address,
    role: invitation.role,
    role_name: invitation.role_name,
    status: invitation.status,
    user_id: invitation.user_id,
    public_metadata: invitation.public_metadata ?? {},
    expires_at: invitation.expires_at,
    created_at: invitation.created_at,
    updated_at: invitation.updated_at,
  };
}

const upsert = defineMapping(organizationInvitationSchema, (invitation, { webhook }) => ({
  rpc: "upsert_organization_invitations",
  args: {
    invitations: [toOrganizationInvitation(invitation)],
    organizations: [toPlaceholder(invitation.organization_id, invitation.public_organization_data)],
    webhook,
  },
}));

export const organizationInvitationMappings = {
  "organizationInvitation.created": upsert,
  "organizationInvitation.accepted": upsert,
  "organizationInvitation.revoked": upsert,
};
