import * as z from "zod/mini";
import { deletedObject, id, optionalText, text, time } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

/** The definition of a permission. */
export const organizationPermissionSchema = z.object({
  id,
  key: text,
  name: optionalText,
  description: optionalText,
  type: optionalText,
  created_at: time,
  updated_at: time,
});

/** The row of a permission. */
export function toOrganizationPermission(
  permission: z.output<typeof organizationPermissionSchema>,
): Row<"organization_permissions"> {
  return {
    id: permission.id,
    key: permission.key,
    name: permission.name,
    description: permission.description,
    type: permission.type,
    created_at: permission.created_at,
    updated_at: permission.updated_at,
  };
}

const upsert = defineMapping(organizationPermissionSchema, (permission, { webhook }) => ({
  rpc: "upsert_organization_permissions",
  args: { permissions: [toOrganizationPermission(permission)], webhook },
}));

export const organizationPermissionMappings = {
  "permission.created": upsert,
  "permission.updated": upsert,
  "permission.deleted": defineMapping(deletedObject, (permission, { webhook }) => ({
    rpc: "delete_organization_permission",
    args: { permission_id: permission.id, webhook },
  })),
};
