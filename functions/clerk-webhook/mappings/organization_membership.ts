import * as z from "zod/mini";
import {
  id,
  optionalFlag,
  optionalInteger,
  optionalObject,
  optionalText,
  optionalTime,
  text,
  time,
} from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

/** A membership with its snapshots of the organization and of the member's public data. */
export const organizationMembershipSchema = z.object({
  id,
  role: text,
  role_name: optionalText,
  permissions: z.nullish(z.array(text)),
  public_metadata: optionalObject,
  organization: z.object({
    id,
    name: optionalText,
    slug: optionalText,
    image_url: optionalText,
    has_image: optionalFlag,
    max_allowed_memberships: optionalInteger,
    admin_delete_enabled: optionalFlag,
    public_metadata: optionalObject,
    created_at: optionalTime,
  }),
  public_user_data: z.object({
    user_id: id,
    identifier: optionalText,
    first_name: optionalText,
    last_name: optionalText,
    image_url: optionalText,
    has_image: optionalFlag,
  }),
  created_at: time,
  updated_at: time,
});

type Membership = z.output<typeof organizationMembershipSchema>;

/** The row of a membership. */
export function toOrganizationMembership(
  membership: Membership,
): Row<"organization_memberships"> {
  const member = membership.public_user_data;
  return {
    id: membership.id,
    organization_id: membership.organization.id,
    user_id: member.user_id,
    role: membership.role,
    role_name: membership.role_name,
    permissions: membership.permissions ?? [],
    public_metadata: membership.public_metadata ?? {},
    identifier: member.identifier,
    first_name: member.first_name,
    last_name: member.last_name,
    image_url: member.image_url,
    has_image: member.has_image,
    created_at: membership.created_at,
    updated_at: membership.updated_at,
  };
}

/** Placeholders for the parents: rows without `updated_at`, which any full object overwrites. */
export function toParents({ organization, public_user_data: member }: Membership): {
  organizations: Row<"organizations">[];
  profiles: Row<"profiles">[];
} {
  return {
    organizations: [{
      id: organization.id,
      name: organization.name,
      slug: organization.slug,
      image_url: organization.image_url,
      has_image: organization.has_image,
      max_allowed_memberships: organization.max_allowed_memberships,
      admin_delete_enabled: organization.admin_delete_enabled,
      public_metadata: organization.public_metadata ?? {},
      created_at: organization.created_at,
    }],
    profiles: [{
      id: member.user_id,
      first_name: member.first_name,
      last_name: member.last_name,
      image_url: member.image_url,
      has_image: member.has_image,
    }],
  };
}

const upsert = defineMapping(organizationMembershipSchema, (membership, { webhook }) => ({
  rpc: "upsert_organization_memberships",
  args: {
    memberships: [toOrganizationMembership(membership)],
    ...toParents(membership),
    webhook,
  },
}));

export const organizationMembershipMappings = {
  "organizationMembership.created": upsert,
  "organizationMembership.updated": upsert,
  "organizationMembership.deleted": defineMapping(
    organizationMembershipSchema,
    (membership, { webhook }) => ({
      rpc: "delete_organization_membership",
      args: { membership_id: membership.id, ...toParents(membership), webhook },
    }),
  ),
};
