import type { ClerkApi } from "./api.ts";
import {
  type ClerkObject,
  newDomain,
  newInvitation,
  newMembership,
  newOrganization,
  newPaymentAttempt,
  newPermission,
  newRole,
  newStatement,
  newSubscription,
  newSubscriptionItem,
  newUser,
  newWaitlistEntry,
} from "./objects.ts";

/** A small instance: at least one object of every kind, all of which belong together. */
export interface SmallInstance {
  user: ClerkObject;
  organization: ClerkObject;
  membership: ClerkObject;
  invitation: ClerkObject;
  domain: ClerkObject;
  role: ClerkObject;
  permission: ClerkObject;
  waitlistEntry: ClerkObject;
  subscription: ClerkObject;
  subscriptionItem: ClerkObject;
  paymentAttempt: ClerkObject;
}

/** @param at Unix milliseconds of creation. */
export function fillSmall(clerk: ClerkApi, at: number): SmallInstance {
  const user = clerk.users.add(newUser(at));
  const organization = clerk.organizations.add(newOrganization(at, { created_by: user.id }));
  const permission = clerk.permissions.add(newPermission(at));
  const subscriptionItem = clerk.subscriptionItems.add(newSubscriptionItem(organization, at));
  const statement = clerk.statements.add(newStatement(user, at));
  return {
    user,
    organization,
    membership: clerk.memberships.add(newMembership(user, organization, at)),
    invitation: clerk.invitations.add(newInvitation(organization, at)),
    domain: clerk.domains.add(newDomain(organization, at)),
    role: clerk.roles.add(newRole(at)),
    permission,
    waitlistEntry: clerk.waitlistEntries.add(newWaitlistEntry(at)),
    subscription: clerk.subscriptions.add(newSubscription(organization, [subscriptionItem], at)),
    subscriptionItem,
    paymentAttempt: clerk.paymentAttempts.add(newPaymentAttempt(user, statement, at)),
  };
}

/** A large one: everybody is a member somewhere, organizations have `members` each. */
export function fillLarge(
  clerk: ClerkApi,
  size: { users: number; organizations: number; members: number; at: number },
): void {
  const users = Array.from(
    { length: size.users },
    // Several share a millisecond, as after an import.
    (_, index) => clerk.users.add(newUser(size.at + Math.floor(index / 3))),
  );
  for (let index = 0; index < size.organizations; index++) {
    const at = size.at + index;
    const organization = clerk.organizations.add(newOrganization(at));
    for (let member = 0; member < size.members; member++) {
      const user = users[(index * size.members + member) % users.length];
      if (user) clerk.memberships.add(newMembership(user, organization, at));
    }
  }
}
