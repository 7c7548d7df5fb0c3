/** What a Clerk instance has that the mirror has a table for, in dependency order. */
import type { ClerkClient } from "@clerk/backend";
import type { Call, Reading } from "../../clerk-webhook/mapping.ts";
import type { EventType } from "../../clerk-webhook/event.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import {
  type ClerkObject,
  type ClerkPage,
  type ClerkSource,
  isMissingFeature,
  toPage,
} from "./clerk_source.ts";
import type { Candidate, MirroredTable } from "./mirrored.ts";
import type { Listing, PageQuery } from "./read_pages.ts";

/** A kind of object that can be listed for a whole instance. */
export interface Resource {
  /** Its name in `--only`. */
  name: string;
  table: MirroredTable;
  /** The event whose mapping turns the objects into rows. */
  eventType: EventType;
  /** The list to read, oldest first if Clerk can do that. */
  listing(source: ClerkSource): Listing;
  /** The list of the latest changes, if Clerk has one. */
  recentlyUpdated?(source: ClerkSource): Listing;
  /** The objects behind a page of the list, if the list contains something else. */
  expand?(source: ClerkSource, objects: ClerkObject[]): Promise<ClerkObject[]>;
  /** What a reconciliation needs to find what is gone; without it, nothing counts as gone. */
  removal?: Removal;
}

/** How a reconciliation makes sure that an object is gone, and removes it. */
export interface Removal {
  /** Of up to 100 ids, those that Clerk still has, in one request: a first filter, if there is one. */
  findExisting?(source: ClerkSource, ids: string[]): Promise<ClerkPage>;
  /** Looks up the single object; the client's "not found" error means false as well. */
  exists(clerk: ClerkClient, object: Candidate): Promise<boolean>;
  /** @param reading When Clerk was asked. */
  toCall(id: string, reading: Reading): Call;
}

/** Ids that Clerk takes in one filter. */
export const MAX_FILTER_IDS = 100;

/** Objects of a page that are each requested one by one: a page must not take long. */
const EXPANDED_PAGE_SIZE = 50;

/** By their names; in dependency order, so that few placeholders are needed. */
export const resources: readonly Resource[] = [
  {
    name: "users",
    table: "profiles",
    eventType: "user.updated",
    listing: (source) => userListing(source, "created_at"),
    recentlyUpdated: (source) => userListing(source, "updated_at"),
    removal: {
      findExisting: async (source, userId) =>
        toPage(
          await source.ask(
            (clerk) => clerk.users.getUserList({ userId, limit: MAX_FILTER_IDS }),
            2,
          ),
        ),
      exists: async (clerk, { id }) => (await clerk.users.getUser(id)).id === id,
      toCall: (user_id, webhook) => ({ rpc: "delete_profile", args: { user_id, webhook } }),
    },
  },
  {
    name: "organizations",
    table: "organizations",
    eventType: "organization.updated",
    listing: (source) =>
      oldestFirst(async (query) =>
        toPage(
          await source.ask((clerk) =>
            clerk.organizations.getOrganizationList({ ...query, orderBy: "+created_at" })
          ),
        )
      ),
    removal: {
      findExisting: async (source, organizationId) =>
        toPage(
          await source.ask((clerk) =>
            clerk.organizations.getOrganizationList({ organizationId, limit: MAX_FILTER_IDS })
          ),
        ),
      exists: async (clerk, { id }) =>
        (await clerk.organizations.getOrganization({ organizationId: id })).id === id,
      toCall: (organization_id, webhook) => ({
        rpc: "delete_organization",
        args: { organization_id, webhook },
      }),
    },
  },
  {
    name: "memberships",
    table: "organization_memberships",
    eventType: "organizationMembership.updated",
    listing: (source) =>
      oldestFirst(async (query) =>
        toPage(
          await source.ask((clerk) =>
            clerk.organizations.getInstanceOrganizationMembershipList({
              ...query,
              orderBy: "+created_at",
            })
          ),
        )
      ),
    removal: {
      // A member who was added again has a membership with another id.
      async exists(clerk, { id, organization_id, user_id }) {
        if (organization_id === null || user_id === null) return false;
        const { data } = await clerk.organizations.getOrganizationMembershipList({
          organizationId: organization_id,
          userId: [user_id],
          limit: 100,
        });
        return data.some((membership) => membership.id === id);
      },
      toCall: (membership_id, webhook) => ({
        rpc: "delete_organization_membership",
        args: { membership_id, organizations: [], profiles: [], webhook },
      }),
    },
  },
  {
    name: "invitations",
    table: "organization_invitations",
    eventType: "organizationInvitation.accepted",
    listing: (source) => oldestFirst(listAsItIs(source, "/organization_invitations")),
    removal: {
      async exists(clerk, { id, organization_id }) {
        if (organization_id === null) return false;
        const invitation = await clerk.organizations.getOrganizationInvitation({
          organizationId: organization_id,
          invitationId: id,
        });
        return invitation.id === id;
      },
      toCall: (invitation_id, webhook) => ({
        rpc: "delete_organization_invitation",
        args: { invitation_id, webhook },
      }),
    },
  },
  {
    name: "domains",
    table: "organization_domains",
    eventType: "organizationDomain.updated",
    listing: (source) => oldestFirst(listAsItIs(source, "/organization_domains")),
    removal: {
      async exists(clerk, { id, organization_id }) {
        if (organization_id === null) return false;
        const { data } = await clerk.organizations.getOrganizationDomainList({
          organizationId: organization_id,
          limit: 500,
        });
        return data.some((domain) => domain.id === id);
      },
      toCall: (domain_id, webhook) => ({
        rpc: "delete_organization_domain",
        args: { domain_id, webhook },
      }),
    },
  },
  {
    name: "roles",
    table: "organization_roles",
    eventType: "role.updated",
    listing: (source) => oldestFirst(listAsItIs(source, "/organization_roles")),
    removal: {
      exists: async (clerk, { id }) =>
        (await clerk.organizationRoles.getOrganizationRole(id)).id === id,
      toCall: (role_id, webhook) => ({
        rpc: "delete_organization_role",
        args: { role_id, webhook },
      }),
    },
  },
  {
    name: "permissions",
    table: "organization_permissions",
    eventType: "permission.updated",
    listing: (source) => oldestFirst(listAsItIs(source, "/organization_permissions")),
    removal: {
      exists: async (clerk, { id }) =>
        (await clerk.organizationPermissions.getOrganizationPermission(id)).id === id,
      toCall: (permission_id, webhook) => ({
        rpc: "delete_organization_permission",
        args: { permission_id, webhook },
      }),
    },
  },
  {
    name: "waitlist_entries",
    table: "waitlist_entries",
    eventType: "waitlistEntry.updated",
    listing: (source) => oldestFirst(listAsItIs(source, "/waitlist_entries")),
    removal: {
      async exists(clerk, { id }) {
        const { data } = await clerk.waitlistEntries.list({ query: id, limit: 100 });
        return data.some((entry) => entry.id === id);
      },
      toCall: (entry_id, webhook) => ({
        rpc: "delete_waitlist_entry",
        args: { entry_id, webhook },
      }),
    },
  },
  {
    // Clerk doesn't list subscriptions: they are requested one by one, for everyone who pays for an item.
    name: "subscriptions",
    table: "subscriptions",
    eventType: "subscription.updated",
    listing: (source) => ({
      ...newestFirst(listAsItIs(source, "/billing/subscription_items")),
      pageSize: EXPANDED_PAGE_SIZE,
    }),
    expand: subscriptionsOfPayers,
  },
  {
    name: "subscription_items",
    table: "subscription_items",
    eventType: "subscriptionItem.updated",
    listing: (source) => newestFirst(listAsItIs(source, "/billing/subscription_items")),
  },
  {
    name: "payment_attempts",
    table: "payment_attempts",
    eventType: "paymentAttempt.updated",
    listing: (source) => ({
      ...newestFirst(listAsItIs(source, "/billing/statements")),
      pageSize: EXPANDED_PAGE_SIZE,
    }),
    expand: attemptsOfStatements,
  },
];

/**
 * Why a resource is skipped: its instance doesn't have the feature. Users are never skipped.
 *
 * @throws what was thrown, if it means anything else.
 */
export function reasonToLeaveOut({ name }: Resource, error: unknown): string {
  if (name === "users" || !isMissingFeature(error)) throw error;
  return error.message;
}

function userListing(source: ClerkSource, key: Listing["key"]): Listing {
  return {
    order: key === "created_at" ? "ascending" : "descending",
    key,
    canBeginAfter: key === "created_at",
    // Clerk's client also requests the number of users.
    read: async ({ createdAfter, ...query }) =>
      toPage(
        await source.ask((clerk) =>
          clerk.users.getUserList({
            ...query,
            orderBy: key === "created_at" ? "+created_at" : "-updated_at",
            ...(createdAfter === undefined ? {} : { createdAtAfter: createdAfter }),
          }), 2),
      ),
  };
}

type Read = (query: PageQuery) => Promise<ClerkPage>;

function oldestFirst(read: Read): Listing {
  return { order: "ascending", key: "created_at", canBeginAfter: false, read };
}

/** Billing is listed in this order only. */
function newestFirst(read: Read): Listing {
  return { order: "descending", key: "created_at", canBeginAfter: false, read };
}

function listAsItIs(source: ClerkSource, path: string): Read {
  const order = path.startsWith("/billing/") ? {} : { order_by: "+created_at" };
  return ({ limit, offset }) => source.list(path, { limit, offset, ...order });
}

async function subscriptionsOfPayers(
  source: ClerkSource,
  items: ClerkObject[],
): Promise<ClerkObject[]> {
  const payers = new Map<string, unknown>();
  for (const { payer } of items) {
    const path = billingPath(payer);
    if (path !== undefined) payers.set(path, payer);
  }
  const subscriptions = [];
  for (const [path, payer] of payers) {
    const subscription = await source.find(path);
    if (subscription !== undefined) subscriptions.push({ ...subscription, payer });
  }
  return subscriptions;
}

function billingPath(payer: unknown): string | undefined {
  if (!isRecord(payer)) return undefined;
  const owner = payer.organization_id
    ? `/organizations/${payer.organization_id}`
    : payer.user_id && `/users/${payer.user_id}`;
  return owner ? `${owner}/billing/subscription` : undefined;
}

async function attemptsOfStatements(
  source: ClerkSource,
  statements: ClerkObject[],
): Promise<ClerkObject[]> {
  const attempts = [];
  for (const { id, payer } of statements) {
    const path = `/billing/statements/${id}/payment_attempts`;
    const { objects } = await source.list(path, { limit: 500 });
    attempts.push(...objects.map((attempt) => ({ payer, ...attempt })));
  }
  return attempts;
}
