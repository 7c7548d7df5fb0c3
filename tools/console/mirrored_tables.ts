import type { Database } from "../../functions/_shared/database.types.ts";

type Table = keyof Database["public"]["Tables"];

/** Every table is named here: one that is added or renamed fails the type check until it is. */
const PLACES: Record<Table, number> = {
  profiles: 1,
  organizations: 2,
  organization_memberships: 3,
  organization_invitations: 4,
  organization_domains: 5,
  organization_roles: 6,
  organization_permissions: 7,
  session_logs: 8,
  waitlist_entries: 9,
  subscriptions: 10,
  subscription_items: 11,
  payment_attempts: 12,
};

/** The mirrored tables by the mirror's own names, in the order in which people look for them. */
export const MIRRORED_TABLES: string[] = Object.entries(PLACES)
  .sort(([, one], [, other]) => one - other)
  .map(([name]) => name);
