/** Clerk's objects as its Backend API shows them, with fresh ids. */
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { newId } from "../../../tools/development/events/new_id.ts";

/** One of Clerk's objects. Times are Unix milliseconds. */
export interface ClerkObject {
  object: string;
  id: string;
  created_at: number;
  updated_at: number;
  [field: string]: unknown;
}

/** Fields of an object that are to be different from what a maker gives them. */
export type Changes = Partial<ClerkObject>;

export const INSTANCE = "ins_30Fq1dWc0mIrrOrStandFixture";
const DAY = 86_400_000;

/** A user with a verified address. */
export function newUser(at: number, changes: Changes = {}): ClerkObject {
  const id = newId("user", at);
  const name = id.slice(-10).toLowerCase();
  const addressId = newId("idn", at);
  return {
    object: "user",
    id,
    external_id: null,
    username: name,
    first_name: "Ada",
    last_name: `Lovelace ${name}`,
    profile_image_url: `https://img.clerk.com/${name}`,
    image_url: `https://img.clerk.com/${name}`,
    has_image: true,
    primary_email_address_id: addressId,
    primary_phone_number_id: null,
    primary_web3_wallet_id: null,
    email_addresses: [{
      object: "email_address",
      id: addressId,
      email_address: `${name}@example.com`,
      reserved: false,
      verification: {
        object: "verification_otp",
        status: "verified",
        strategy: "email_code",
        attempts: 1,
        expire_at: at + 600_000,
      },
      linked_to: [],
      created_at: at,
      updated_at: at,
    }],
    phone_numbers: [],
    web3_wallets: [],
    passkeys: [],
    external_accounts: [],
    enterprise_accounts: [],
    saml_accounts: [],
    organization_memberships: null,
    password_enabled: true,
    password_last_updated_at: null,
    two_factor_enabled: false,
    totp_enabled: false,
    backup_code_enabled: false,
    mfa_enabled_at: null,
    mfa_disabled_at: null,
    public_metadata: { plan: "free" },
    private_metadata: { crm_id: "crm-1815" },
    unsafe_metadata: { theme: "dark" },
    last_sign_in_at: at,
    last_active_at: at,
    banned: false,
    locked: false,
    deprovisioned: false,
    lockout_expires_in_seconds: null,
    verification_attempts_remaining: 100,
    delete_self_enabled: true,
    create_organization_enabled: true,
    create_organizations_limit: null,
    legal_accepted_at: at,
    locale: "en-GB",
    timezone: "Europe/London",
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** An organization. Its counts stay as they are. */
export function newOrganization(at: number, changes: Changes = {}): ClerkObject {
  const id = newId("org", at);
  const name = id.slice(-10).toLowerCase();
  return {
    object: "organization",
    id,
    name: `Analytical Engines ${name}`,
    slug: `analytical-engines-${name}`,
    image_url: `https://img.clerk.com/${name}`,
    has_image: true,
    members_count: 1,
    pending_invitations_count: 0,
    missing_member_with_elevated_permissions: false,
    max_allowed_memberships: 5,
    admin_delete_enabled: true,
    public_metadata: { region: "eu" },
    private_metadata: { billing_contact: "b-77" },
    created_by: null,
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A membership, with user and organization as they are now. */
export function newMembership(
  user: ClerkObject,
  organization: ClerkObject,
  at: number,
  changes: Changes = {},
): ClerkObject {
  const { created_by: _by, private_metadata: _metadata, ...snapshot } = organization;
  return {
    object: "organization_membership",
    id: newId("orgmem", at),
    role: "org:member",
    role_name: "Member",
    permissions: ["org:sys_profile:manage", "org:sys_memberships:read"],
    public_metadata: {},
    private_metadata: { note: "founder" },
    organization: snapshot,
    public_user_data: {
      user_id: user.id,
      identifier: emailOf(user),
      first_name: user.first_name,
      last_name: user.last_name,
      profile_image_url: user.profile_image_url,
      image_url: user.image_url,
      has_image: user.has_image,
    },
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A pending invitation of nobody known. */
export function newInvitation(
  organization: ClerkObject,
  at: number,
  changes: Changes = {},
): ClerkObject {
  const id = newId("orginv", at);
  return {
    object: "organization_invitation",
    id,
    email_address: `${id.slice(-10).toLowerCase()}@example.com`,
    role: "org:member",
    role_name: "Member",
    organization_id: organization.id,
    inviter_id: null,
    public_inviter_data: null,
    public_organization_data: toPublicData(organization),
    status: "pending",
    public_metadata: { team: "compilers" },
    private_metadata: { note: "secret" },
    url: "https://accounts.example.com/v1/tickets/accept?ticket=eyJhbGciOiJ",
    expires_at: at + 30 * DAY,
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A domain that nobody has verified yet. */
export function newDomain(
  organization: ClerkObject,
  at: number,
  changes: Changes = {},
): ClerkObject {
  const id = newId("orgdmn", at);
  return {
    object: "organization_domain",
    id,
    organization_id: organization.id,
    name: `${id.slice(-10).toLowerCase()}.example.com`,
    enrollment_mode: "manual_invitation",
    affiliation_email_address: null,
    affiliation_verification: null,
    ownership_verification: null,
    verification: null,
    total_pending_invitations: 0,
    total_pending_suggestions: 2,
    public_organization_data: toPublicData(organization),
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A role with one permission. */
export function newRole(at: number, changes: Changes = {}): ClerkObject {
  const id = newId("role", at);
  return {
    object: "role",
    id,
    name: "Analyst",
    key: `org:analyst_${id.slice(-10).toLowerCase()}`,
    description: "Reads what the engine computes",
    permissions: [newPermission(at)],
    is_creator_eligible: false,
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A permission of the instance's own. */
export function newPermission(at: number, changes: Changes = {}): ClerkObject {
  const id = newId("perm", at);
  return {
    object: "permission",
    id,
    name: "Read reports",
    key: `org:reports_${id.slice(-10).toLowerCase()}:read`,
    description: "May read the reports of the organization",
    type: "custom",
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** A waitlist entry that waits. */
export function newWaitlistEntry(at: number, changes: Changes = {}): ClerkObject {
  const id = newId("wle", at);
  return {
    object: "waitlist_entry",
    id,
    email_address: `${id.slice(-10).toLowerCase()}@example.com`,
    status: "pending",
    is_locked: false,
    invitation: null,
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/**
 * An active item. Unlike an event's, it has a `plan_period` for `interval`, its price in `plan.fee` and
 * `totals`, and doesn't tell its subscription.
 *
 * @param payer A user or an organization, here and below.
 */
export function newSubscriptionItem(
  payer: ClerkObject,
  at: number,
  changes: Changes = {},
): ClerkObject {
  const planId = newId("cplan", at);
  return {
    object: "commerce_subscription_item",
    id: newId("csub_item", at),
    instance_id: INSTANCE,
    status: "active",
    plan_id: planId,
    price_id: newId("cprice", at),
    plan: newPlan(planId, payer),
    plan_period: "month",
    lifetime_paid: toMoney(0),
    next_payment: { amount: toMoney(2000), date: at + 30 * DAY },
    payer_id: payerIdOf(payer.id),
    payer: newPayer(payer),
    is_free_trial: false,
    period_start: at,
    period_end: at + 30 * DAY,
    canceled_at: null,
    past_due_at: null,
    ended_at: null,
    seats: { quantity: 5 },
    totals: newTotals(),
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/**
 * An active subscription, which its payer's path finds by `payer_id`. Unlike an event's, it calls its
 * items `subscription_items` and tells of its payer only in them.
 */
export function newSubscription(
  payer: ClerkObject,
  items: ClerkObject[],
  at: number,
  changes: Changes = {},
): ClerkObject {
  return {
    object: "commerce_subscription",
    id: newId("csub", at),
    instance_id: INSTANCE,
    status: "active",
    payer_id: payerIdOf(payer.id),
    active_at: at,
    past_due_at: null,
    subscription_items: items,
    next_payment: { amount: toMoney(2000), date: at + 30 * DAY },
    eligible_for_free_trial: false,
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** An open statement without groups. Clerk's have a `timestamp` only, so `created_at` isn't served. */
export function newStatement(payer: ClerkObject, at: number, changes: Changes = {}): ClerkObject {
  return {
    object: "commerce_statement",
    id: newId("stmt", at),
    instance_id: INSTANCE,
    timestamp: at,
    payer: newPayer(payer),
    status: "open",
    totals: newTotals(),
    groups: [],
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

/** An attempt that succeeded. It is a `commerce_payment` here, a `commerce_payment_attempt` in events. */
export function newPaymentAttempt(
  payer: ClerkObject,
  statement: ClerkObject,
  at: number,
  changes: Changes = {},
): ClerkObject {
  const methodId = newId("cpm", at);
  return {
    object: "commerce_payment",
    id: newId("pa", at),
    payment_id: newId("cpa", at),
    instance_id: INSTANCE,
    charge_type: "checkout",
    payee_id: "cpayee_1",
    payee: { id: "cpayee_1", gateway_type: "stripe", gateway_status: "active" },
    payer_id: payerIdOf(payer.id),
    payer: newPayer(payer),
    amount: toMoney(2200),
    totals: newTotals(),
    payment_method_id: methodId,
    payment_method: {
      object: "commerce_payment_method",
      id: methodId,
      payer_id: payerIdOf(payer.id),
      payment_type: "card",
      gateway: "stripe",
      gateway_external_id: "pm_1Example",
      gateway_external_account_id: null,
      last4: "4242",
      status: "active",
      card_type: "visa",
    },
    statement_id: statement.id,
    gateway_external_id: "pi_3QxAmple",
    gateway_external_url: null,
    status: "paid",
    paid_at: at,
    failed_at: null,
    created_at: at,
    updated_at: at,
    ...changes,
  };
}

function emailOf(user: ClerkObject): unknown {
  const addresses: unknown[] = Array.isArray(user.email_addresses) ? user.email_addresses : [];
  const primary = addresses.filter(isRecord).find(({ id }) => id === user.primary_email_address_id);
  return primary?.email_address ?? user.username;
}

function toPublicData({ id, name, slug, image_url, has_image }: ClerkObject) {
  return { id, name, slug, image_url, has_image };
}

/** The same for everything that one user or organization pays: `cpayer_u36k…` or `cpayer_o36k…`. */
export function payerIdOf(owner: string): string {
  return `cpayer_${owner.charAt(0)}${owner.slice(owner.indexOf("_") + 1)}`;
}

function newPayer(owner: ClerkObject) {
  const isUser = owner.object === "user";
  return {
    object: "commerce_payer",
    id: payerIdOf(owner.id),
    instance_id: INSTANCE,
    user_id: isUser ? owner.id : null,
    first_name: isUser ? owner.first_name : null,
    last_name: isUser ? owner.last_name : null,
    email: isUser ? emailOf(owner) : null,
    organization_id: isUser ? null : owner.id,
    organization_name: isUser ? null : owner.name,
    image_url: owner.image_url,
    created_at: owner.created_at,
    updated_at: owner.updated_at,
  };
}

function newPlan(id: string, payer: ClerkObject) {
  return {
    object: "commerce_plan",
    id,
    name: "Pro",
    fee: toMoney(2000),
    annual_monthly_fee: null,
    annual_fee: null,
    description: null,
    product_id: "cprod_1",
    is_default: false,
    is_recurring: true,
    publicly_visible: true,
    has_base_fee: true,
    for_payer_type: payer.object === "user" ? "user" : "org",
    slug: "pro",
    avatar_url: null,
    free_trial_enabled: false,
    free_trial_days: null,
  };
}

function newTotals() {
  return {
    subtotal: toMoney(2000),
    base_fee: toMoney(2000),
    tax_total: toMoney(200),
    grand_total: toMoney(2200),
  };
}

/** @param amount Cents. */
function toMoney(amount: number) {
  return {
    amount,
    amount_formatted: `$${(amount / 100).toFixed(2)}`,
    currency: "USD",
    currency_symbol: "$",
  };
}
