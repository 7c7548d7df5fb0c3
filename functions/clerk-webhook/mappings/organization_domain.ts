import * as z from "zod/mini";
import { deletedObject, id, optionalInteger, optionalText, text, time } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";
import { organizationSnapshotSchema, toPlaceholder } from "./organization_snapshot.ts";

/** A domain of an organization, as events carry it and the Backend API lists it. */
export const organizationDomainSchema = z.object({
  id,
  organization_id: id,
  public_organization_data: organizationSnapshotSchema,
  name: text,
  enrollment_mode: optionalText,
  verification: z.nullish(z.object({ status: optionalText, strategy: optionalText })),
  affiliation_email_address: optionalText,
  total_pending_invitations: optionalInteger,
  total_pending_suggestions: optionalInteger,
  created_at: time,
  updated_at: time,
});

/** The row of a domain. */
export function toOrganizationDomain(
  domain: z.output<typeof organizationDomainSchema>,
): Row<"organization_domains"> {
  return {
    id: domain.id,
    organization_id: domain.organization_id,
    name: domain.name,
    enrollment_mode: domain.enrollment_mode,
    verification_status: domain.verification?.status,
    verification_strategy: domain.verification?.strategy,
    affiliation_email_address: domain.affiliation_email_address,
    total_pending_invitations: domain.total_pending_invitations,
    total_pending_suggestions: domain.total_pending_suggestions,
    created_at: domain.created_at,
    updated_at: domain.updated_at,
  };
}

const upsert = defineMapping(organizationDomainSchema, (domain, { webhook }) => ({
  rpc: "upsert_organization_domains",
  args: {
    domains: [toOrganizationDomain(domain)],
    organizations: [toPlaceholder(domain.organization_id, domain.public_organization_data)],
    webhook,
  },
}));

export const organizationDomainMappings = {
  "organizationDomain.created": upsert,
  "organizationDomain.updated": upsert,
  "organizationDomain.deleted": defineMapping(deletedObject, (domain, { webhook }) => ({
    rpc: "delete_organization_domain",
    args: { domain_id: domain.id, webhook },
  })),
};
