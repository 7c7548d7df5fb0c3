import * as z from "zod/mini";
import {
  deletedObject,
  id,
  optionalFlag,
  optionalId,
  optionalInteger,
  optionalObject,
  optionalText,
  text,
  time,
} from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

/** A full organization, as `organization.*` events carry it and the Backend API lists it. */
export const organizationSchema = z.object({
  id,
  name: text,
  slug: optionalText,
  image_url: optionalText,
  has_image: optionalFlag,
  max_allowed_memberships: optionalInteger,
  admin_delete_enabled: optionalFlag,
  public_metadata: optionalObject,
  created_by: optionalId,
  created_at: time,
  updated_at: time,
});

/** The row of a full organization. */
export function toOrganization(
  organization: z.output<typeof organizationSchema>,
): Row<"organizations"> {
  return {
    id: organization.id,
    name: organization.name,
    slug: organization.slug,
    image_url: organization.image_url,
    has_image: organization.has_image,
    max_allowed_memberships: organization.max_allowed_memberships,
    admin_delete_enabled: organization.admin_delete_enabled,
    public_metadata: organization.public_metadata ?? {},
    created_by: organization.created_by,
    created_at: organization.created_at,
    updated_at: organization.updated_at,
  };
}

const upsert = defineMapping(organizationSchema, (organization, { webhook }) => ({
  rpc: "upsert_organizations",
  args: { organizations: [toOrganization(organization)], webhook },
}));

export const organizationMappings = {
  "organization.created": upsert,
  "organization.updated": upsert,
  "organization.deleted": defineMapping(deletedObject, (organization, { webhook }) => ({
    rpc: "delete_organization",
    args: { organization_id: organization.id, webhook },
  })),
};
