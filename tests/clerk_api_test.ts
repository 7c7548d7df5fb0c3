/** The tests' stand-in for Clerk's Backend API, called through Clerk's own client where that has a method. */
import assert from "node:assert/strict";
import { createClerkClient } from "@clerk/backend";
import { isRecord } from "../functions/clerk-webhook/json.ts";
import { type ClerkApi, startClerkApi } from "./helpers/clerk/api.ts";
import {
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
} from "./helpers/clerk/objects.ts";

const BEGINNING = Date.UTC(2026, 0, 1);

function clientOf({ url, secretKey }: ClerkApi) {
  return createClerkClient({ apiUrl: url, secretKey, telemetry: { disabled: true } });
}

/** A request as it is, for what the client doesn't show or has no call for. */
async function get({ url, secretKey }: ClerkApi, path: string) {
  const response = await fetch(`${url}/v1${path}`, {
    headers: { authorization: `Bearer ${secretKey}` },
  });
  const body: unknown = await response.json();
  return { status: response.status, headers: response.headers, body };
}

/** The ids of a list, and how many objects there are. */
async function list(clerk: ClerkApi, path: string): Promise<{ ids: unknown[]; total?: unknown }> {
  const { body } = await get(clerk, path);
  const data: unknown[] = isRecord(body) && Array.isArray(body.data)
    ? body.data
    : Array.isArray(body)
    ? body
    : assert.fail(JSON.stringify(body));
  const ids = data.filter(isRecord).map(({ id }) => id);
  return isRecord(body) ? { ids, total: body.total_count } : { ids };
}

async function codeOf(clerk: ClerkApi, path: string): Promise<[number, unknown]> {
  const { status, body } = await get(clerk, path);
  const [error] = isRecord(body) && Array.isArray(body.errors) ? body.errors : [];
  return [status, error?.code];
}

Deno.test("startClerkApi() lists users in pages, newest first, as Clerk's client reads them", async () => {
  await using clerk = startClerkApi();
  const ids = Array.from({ length: 25 }, (_, n) => clerk.users.add(newUser(BEGINNING + n)).id);

  const { data, totalCount } = await clientOf(clerk).users.getUserList({ limit: 10, offset: 20 });
  assert.deepEqual(data.map(({ id }) => id), ids.slice(0, 5).reverse());
  assert.equal(totalCount, 25);
  assert.match(data[0]?.primaryEmailAddress?.emailAddress ?? "", /@example\.com$/);
  assert.deepEqual((await list(clerk, "/users")).ids, ids.slice(-10).reverse());
  assert.equal(clerk.requests, 3);
  assert.equal(clerk.counts.status.get(200), 3);
  assert.equal(clerk.counts.path.get("/users/count"), 1);
});

Deno.test("startClerkApi() sorts and filters users, and counts what a filter leaves", async () => {
  await using clerk = startClerkApi();
  const [oldest, middle, ...newest] = [0, 1, 2, 2].map((n) => newUser(BEGINNING + n));
  assert(oldest && middle);
  const sorted = [oldest, middle, ...newest.toSorted((a, b) => a.id < b.id ? -1 : 1)];
  for (const user of sorted.toReversed()) clerk.users.add(user);
  clerk.users.update(middle.id, { first_name: "Grace" });
  const { users } = clientOf(clerk);
  const found = async (params: Parameters<typeof users.getUserList>[0]) => {
    const { data, totalCount } = await users.getUserList(params);
    assert.equal(totalCount, data.length);
    return data.map(({ id }) => id);
  };

  const ids = sorted.map(({ id }) => id);
  assert.deepEqual((await list(clerk, "/users?order_by=created_at")).ids, ids);
  assert.deepEqual(await found({ orderBy: "+created_at" }), ids);
  assert.deepEqual(await found({ orderBy: "-created_at" }), ids.toReversed());
  assert.equal((await found({ orderBy: "-updated_at" }))[0], middle.id);
  const between = { createdAtAfter: BEGINNING, createdAtBefore: BEGINNING + 2 };
  assert.deepEqual(await found(between), [middle.id]);
  assert.deepEqual(await found({ ...between, orderBy: "+updated_at" }), [middle.id]);
  const userId = [oldest.id, middle.id, "user_none"];
  assert.deepEqual(await found({ userId }), [middle.id, oldest.id]);
  assert.deepEqual(await found({ userId, createdAtAfter: BEGINNING }), [middle.id]);
  assert.deepEqual(await codeOf(clerk, "/users?order_by=name"), [422, "form_param_value_invalid"]);
  for (const query of ["limit=0", "limit=501", "limit=x", "offset=-1", "created_at_after=x"]) {
    assert.equal((await codeOf(clerk, `/users?${query}`))[0], 422, query);
  }
  const tooMany = Array.from({ length: 101 }, (_, n) => `user_id=user_${n}`).join("&");
  assert.equal((await codeOf(clerk, `/users/count?${tooMany}`))[0], 422);
});

Deno.test("startClerkApi() serves what belongs to an organization, and deletes it with the organization", async () => {
  await using clerk = startClerkApi();
  const user = clerk.users.add(newUser(BEGINNING));
  const organization = clerk.organizations.add(newOrganization(BEGINNING));
  const other = clerk.organizations.add(newOrganization(BEGINNING + 1));
  const membership = clerk.memberships.add(newMembership(user, organization, BEGINNING));
  const elsewhere = clerk.memberships.add(newMembership(user, other, BEGINNING + 1));
  const invitation = clerk.invitations.add(newInvitation(organization, BEGINNING));
  const domain = clerk.domains.add(newDomain(organization, BEGINNING));
  const { organizations } = clientOf(clerk);
  const organizationId = organization.id;

  assert.equal((await organizations.getOrganization({ organizationId })).name, organization.name);
  const { data } = await organizations.getOrganizationMembershipList({
    organizationId,
    userId: [user.id],
  });
  assert.deepEqual(data.map(({ id }) => id), [membership.id]);
  assert.equal(data[0]?.publicUserData?.userId, user.id);
  const all = await organizations.getInstanceOrganizationMembershipList({ limit: 1, offset: 1 });
  assert.deepEqual([all.data[0]?.id, all.totalCount], [membership.id, 2]);
  const { data: domains } = await organizations.getOrganizationDomainList({ organizationId });
  assert.equal(domains[0]?.id, domain.id);
  const shown = await organizations.getOrganizationInvitation({
    organizationId,
    invitationId: invitation.id,
  });
  assert.equal(shown.emailAddress, invitation.email_address);
  assert.deepEqual(await list(clerk, `/organization_domains?organization_id=${organizationId}`), {
    ids: [domain.id],
    total: 1,
  });
  assert.deepEqual(await list(clerk, `/organizations?organization_id=${other.id}`), {
    ids: [other.id],
    total: 1,
  });

  clerk.organizations.delete(organizationId);
  assert.deepEqual([...clerk.memberships], [elsewhere]);
  assert.equal(clerk.invitations.size + clerk.domains.size, 0);
  for (const path of ["", `/memberships`, `/invitations/${invitation.id}`]) {
    const answer = await codeOf(clerk, `/organizations/${organizationId}${path}`);
    assert.deepEqual(answer, [404, "resource_not_found"], path);
  }
  clerk.users.delete(user.id);
  assert.equal(clerk.memberships.size, 0);
});

Deno.test("startClerkApi() serves roles, permissions, the waitlist and billing", async () => {
  await using clerk = startClerkApi();
  const user = clerk.users.add(newUser(BEGINNING));
  const organization = clerk.organizations.add(newOrganization(BEGINNING));
  const role = clerk.roles.add(newRole(BEGINNING));
  const permission = clerk.permissions.add(newPermission(BEGINNING));
  const entry = clerk.waitlistEntries.add(newWaitlistEntry(BEGINNING));
  const items = [user, organization].map((payer, n) =>
    clerk.subscriptionItems.add(newSubscriptionItem(payer, BEGINNING + n))
  );
  const subscription = clerk.subscriptions.add(newSubscription(user, [...items], BEGINNING));
  const statement = clerk.statements.add(newStatement(user, BEGINNING));
  const attempt = clerk.paymentAttempts.add(newPaymentAttempt(user, statement, BEGINNING));
  const client = clientOf(clerk);

  assert.equal((await client.organizationRoles.getOrganizationRole(role.id)).name, role.name);
  const permissions = await client.organizationPermissions.getOrganizationPermissionList();
  assert.deepEqual(permissions.data.map(({ id }) => id), [permission.id]);
  for (const query of [entry.id, `${entry.email_address}`.slice(2).toUpperCase()]) {
    const { data } = await client.waitlistEntries.list({ query });
    assert.deepEqual(data.map(({ id }) => id), [entry.id], query);
  }
  assert.equal((await client.waitlistEntries.list({ query: "nobody" })).totalCount, 0);
  const shown = await client.billing.getUserBillingSubscription(user.id);
  assert.deepEqual([shown.id, shown.subscriptionItems.length], [subscription.id, 2]);
  await assert.rejects(
    client.billing.getOrganizationBillingSubscription(organization.id),
    { status: 404 },
  );
  assert.deepEqual(await list(clerk, "/billing/subscription_items"), {
    ids: items.map(({ id }) => id).reverse(),
    total: 2,
  });
  const { created_at: _created, updated_at: _updated, ...served } = statement;
  const statements = await get(clerk, "/billing/statements");
  assert.deepEqual(statements.body, { data: [served], total_count: 1 });
  assert.deepEqual(await list(clerk, `/billing/statements/${statement.id}/payment_attempts`), {
    ids: [attempt.id],
    total: 1,
  });
});

Deno.test("startClerkApi() refuses another key in the form of Clerk's errors", async () => {
  await using clerk = startClerkApi();
  const client = createClerkClient({
    apiUrl: clerk.url,
    secretKey: "sk_test_other",
    telemetry: { disabled: true },
  });
  await assert.rejects(client.users.getCount(), (error) => {
    assert(isRecord(error) && Array.isArray(error.errors));
    assert.deepEqual([error.status, error.errors[0]?.code], [401, "clerk_key_invalid"]);
    assert.match(String(error.clerkTraceId), /^[0-9a-f]{32}$/);
    return true;
  });
  assert.equal((await get(clerk, "/users/none")).headers.get("content-type"), "application/json");
  assert.equal(clerk.counts.status.get(401), 1);
});

Deno.test("startClerkApi() limits the rate of requests, and reports the peak that it let pass", async () => {
  let now = 0;
  await using clerk = startClerkApi({
    rateLimit: { requests: 3, milliseconds: 1500 },
    clock: () => now,
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => get(clerk, "/users")));
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length, 2);
  assert.equal(refused[0]?.headers.get("retry-after"), "2");
  assert.deepEqual([clerk.peakPerWindow, clerk.counts.status.get(429)], [3, 2]);

  now = 1499;
  assert.equal((await get(clerk, "/users")).status, 429);
  now = 1500;
  assert.equal((await get(clerk, "/users")).status, 200);
  assert.equal(clerk.peakPerWindow, 4);
});

Deno.test("startClerkApi() simulates errors, delays and cut or hanging connections", async () => {
  const seen: string[] = [];
  const clerk = startClerkApi({
    trouble({ path, number, times }) {
      seen.push(`${number} ${path} ${times}`);
      if (path.startsWith("/organizations")) return "hang";
      if (path === "/users?limit=2") return { delay: 100 };
      const troubles = [undefined, "cut", { status: 503 }, { status: 429, retryAfter: 7 }] as const;
      return troubles[times - 1];
    },
  });
  assert.equal((await get(clerk, "/users?limit=1")).status, 200);
  await assert.rejects(get(clerk, "/users?limit=1"), TypeError);
  assert.equal((await get(clerk, "/users?limit=1")).status, 503);
  assert.equal((await get(clerk, "/users?limit=1")).headers.get("retry-after"), "7");
  const start = performance.now();
  assert.equal((await get(clerk, "/users?limit=2")).status, 200);
  assert(performance.now() - start >= 95);

  const hanging = Promise.allSettled([get(clerk, "/organizations"), get(clerk, "/organizations")]);
  while (clerk.requests < 7) await new Promise((resolve) => setTimeout(resolve, 5));
  await clerk[Symbol.asyncDispose]();
  assert.deepEqual((await hanging).map(({ status }) => status), ["rejected", "rejected"]);
  assert.deepEqual(seen.slice(0, 5), [
    "1 /users?limit=1 1",
    "2 /users?limit=1 2",
    "3 /users?limit=1 3",
    "4 /users?limit=1 4",
    "5 /users?limit=2 1",
  ]);
});

Deno.test("startClerkApi() shows changes that happen between two pages", async () => {
  await using clerk = startClerkApi({
    onRequest(path) {
      if (path.includes("offset=2")) clerk.users.delete(oldest.id);
      if (path.includes("offset=3")) clerk.users.add(newUser(BEGINNING + 10));
    },
  });
  const oldest = clerk.users.add(newUser(BEGINNING));
  for (let n = 1; n < 5; n++) clerk.users.add(newUser(BEGINNING + n));
  const page = async (offset: number) =>
    (await list(clerk, `/users?order_by=%2Bcreated_at&limit=2&offset=${offset}`)).ids.length;
  assert.deepEqual([await page(0), await page(2), await page(3)], [2, 2, 2]);
});

Deno.test("startClerkApi() serves 100,000 users in full pages", async () => {
  await using clerk = startClerkApi();
  for (let n = 0; n < 100_000; n++) clerk.users.add(newUser(BEGINNING + n));
  const ids = new Set<unknown>();
  for (let offset = 0; offset < clerk.users.size; offset += 500) {
    const page = await list(clerk, `/users?order_by=%2Bcreated_at&limit=500&offset=${offset}`);
    for (const id of page.ids) ids.add(id);
  }
  assert.equal(ids.size, 100_000);
});
