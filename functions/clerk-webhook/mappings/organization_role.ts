import * as z from "zod/mini";
import { deletedObject, id, optionalFlag, optionalText, text, time } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

/** The definition of a role, with those of its permissions. */
export const organizationRoleSchema = z.object({
  id,
  key: text,
  name: optionalText,
  description: optionalText,
  permissions: z.nullish(z.array(z.object({ key: text }))),
  is_creator_eligible: optionalFlag,
  created_at: time,
  updated_at: time,
});

/** The row of a role. */
export function toOrganizationRole(
  role: z.output<typeof organizationRoleSchema>,
): Row<"organization_roles"> {
  return {
    id: role.id,
    key: role.key,
    name: role.name,
    description: role.description,
    permissions: role.permissions?.map(({ key }) => key) ?? [],
    is_creator_eligible: role.is_creator_eligible,
    created_at: role.created_at,
    updated_at: role.updated_at,
  };
}

const upsert = defineMapping(organizationRoleSchema, (role, { webhook }) => ({
  rpc: "upsert_organization_roles",
  args: { roles: [toOrganizationRole(role)], webhook },
}));

export const organizationRoleMappings = {
  "role.created": upsert,
  "role.updated": upsert,
  "role.deleted": defineMapping(deletedObject, (role, { webhook }) => ({
    rpc: "delete_organization_role",
    args: { role_id: role.id, webhook },
  })),
};
