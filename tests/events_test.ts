/**
 * A signed event of each type goes in, and its row comes out; then what payloads may look like, and
 * how they are stored.
 */
import assert from "node:assert/strict";
import { mappings } from "../functions/clerk-webhook/event.ts";
import { newId } from "../tools/development/events/new_id.ts";
import {
  sample,
  type SampleEvent,
  sampleEvent,
  sampleTypes,
} from "../tools/development/events/sample_event.ts";
import { openMirror } from "./helpers/mirror.ts";

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

/** Times as fixtures have them. */
function comparable(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value;
}

for (const type of sampleTypes()) {
  const { row: { table = "", values = null } = {} } = sample(type);
  if (table === "") continue;
  const writesOrRemoves = values === null ? "removes" : "writes";
  Deno.test(`${type} ${writesOrRemoves} its row in ${table}, and its redelivery is a duplicate`, async () => {
    await using mirror = await openMirror();
    const { event, row } = sample(type);
    const { sql } = mirror;
    const select = () => sql`select * from ${sql(table)} where id = ${event.data.id}`;
    if (values === null) {
      const { id } = event.data;
      await mirror.send(sampleEvent(type.replace(".deleted", ".created"), { data: { id } }));
      assert.equal((await select()).length, 1);
    }
    const id = newId("msg");
    const answers = [await mirror.send(event, { id }), await mirror.send(event, { id })];
    assert.deepEqual(answers.map(({ outcome }) => outcome), ["applied", "duplicate"]);

    const [stored] = await select();
    if (values === null) return assert.equal(stored, undefined);
    const { version: _version, user_agent: _userAgent, ...columns } = stored ?? {};
    assert.deepEqual(
      Object.fromEntries(Object.entries(columns).map(([key, value]) => [key, comparable(value)])),
      { id: event.data.id, deleted_at: null, synced_at: event.timestamp, ...row?.values },
    );
  });
}

Deno.test("every event type in Clerk's catalogue has a sample, and is mapped or deliberately ignored", () => {
  const ignored = ["email.created", "sms.created"];
  assert.deepEqual([...Object.keys(mappings), ...ignored].sort(), sampleTypes().sort());
  assert.equal(sampleTypes().length, 46);
});

const catalogue = new URL("../../shared/clerk-openapi-examples.json", import.meta.url);
const hasCatalogue = await Deno.stat(catalogue).then(() => true, () => false);

Deno.test({
  name: hasCatalogue
    ? "Clerk's own example of every event type is accepted"
    : "Clerk's own example of every event type is accepted (skipped: the examples are not here)",
  ignore: !hasCatalogue,
  async fn() {
    await using mirror = await openMirror();
    const examples: Record<string, { data: { id: string } }> = JSON.parse(
      await Deno.readTextFile(catalogue),
    );
    for (const [type, example] of Object.entries(examples)) {
      const fresh = newId("x").slice(2);
      const data = JSON.stringify(example.data).replaceAll("2g7np7Hrk0SN6kj5EDMLDaKNL0S", fresh);
      const answer = await mirror.send({ ...example, data: JSON.parse(data) });
      const outcome = Object.hasOwn(mappings, type) ? "applied" : "ignored";
      assert.deepEqual([answer.status, answer.outcome], [200, outcome], type);
    }
    assert.equal(Object.keys(examples).length, 45);
  },
});

Deno.test("session.created also writes its user: in full if nested, otherwise as a placeholder", async () => {
  await using mirror = await openMirror();
  const full = sampleEvent("session.created");
  const bare = sampleEvent("session.created", { data: { user: null } });
  await mirror.send(full);
  await mirror.send(bare);
  const profileOf = async ({ data }: SampleEvent) =>
    (await mirror.sql`select email, synced_at from profiles where id = ${data.user_id}`)[0];
  assert.deepEqual({ ...await profileOf(full) }, {
    email: "ada@example.com",
    synced_at: new Date(full.timestamp),
  });
  assert.deepEqual({ ...await profileOf(bare) }, { email: null, synced_at: null });
});

Deno.test("the primary email address is the one that the user names by id, not simply the first", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("user.created");
  assert.notEqual(event.data.email_addresses[0].id, event.data.primary_email_address_id);
  const none = sampleEvent("user.created", { data: { email_addresses: [] } });
  await mirror.send(event);
  await mirror.send(none);
  const rows = await mirror.sql`
    select email, email_verified from profiles where id in ${
    mirror.sql([event.data.id, none.data.id])
  } order by email`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { email: "ada@example.com", email_verified: true },
    { email: null, email_verified: null },
  ]);
});

Deno.test("times are stored to the millisecond", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("user.created", { data: { updated_at: 1_767_258_000_123 } });
  await mirror.send(event);
  const { data } = await mirror.asService().from("profiles").select("updated_at").eq(
    "id",
    event.data.id,
  )
    .single();
  assert.equal(iso(Date.parse(data?.updated_at ?? "")), iso(1_767_258_000_123));
});

Deno.test("an event's timestamp may be in seconds, as in the catalogue's examples", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("user.created");
  event.timestamp = Math.floor(event.timestamp / 1000);
  assert.equal((await mirror.send(event)).outcome, "applied");
  const [row] = await mirror.sql`select synced_at from profiles where id = ${event.data.id}`;
  assert.deepEqual(row?.synced_at, new Date(event.timestamp * 1000));
});

Deno.test("an empty or missing client IP address and user agent are stored as null", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("session.created");
  event.event_attributes.http_request = { client_ip: "", user_agent: "" };
  const without: Partial<SampleEvent> = sampleEvent("session.created");
  delete without.event_attributes;
  for (const sent of [event, without]) {
    const id = newId("msg");
    assert.equal((await mirror.send(sent, { id })).outcome, "applied");
    const [row] = await mirror.sql`
      select ip_address, user_agent from session_logs where id = ${sent.data.id}`;
    assert.deepEqual({ ...row }, { ip_address: null, user_agent: null });
  }
});

Deno.test("user.created needs no more than an id and its times; unknown fields are accepted", async () => {
  await using mirror = await openMirror();
  const now = Date.now();
  const data = { id: newId("user"), created_at: now, updated_at: now, some_day: { a: [1] } };
  const event = { type: "user.created", timestamp: now, data, another_day: true };
  assert.equal((await mirror.send(event)).outcome, "applied");
});

Deno.test("a body is verified exactly as sent, even if parsing and re-serializing would change it", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("user.created", {
    data: { first_name: "Tom & <Jerry>", public_metadata: { ratio: 1, "2": "b", "1": "a" } },
  });
  const body = JSON.stringify(event, null, 3)
    .replaceAll("&", "\\u0026")
    .replace('"ratio": 1', '"ratio": 1.0');
  assert.notEqual(JSON.stringify(JSON.parse(body)), body);
  assert.equal((await mirror.send(body)).outcome, "applied");
  const [row] = await mirror.sql`select first_name from profiles where id = ${event.data.id}`;
  assert.equal(row?.first_name, "Tom & <Jerry>");
});

/** Puts a mark into every text and every metadata key of an event, except ids, times and types. */
function mark(value: unknown, text: string): unknown {
  if (Array.isArray(value)) return value.map((item) => mark(item, text));
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? value + text : value;
  }
  const untouched = [
    "id",
    "instance_id",
    "object",
    "type",
    "user_id",
    "client_ip",
    "primary_email_address_id",
  ];
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key === "theme" || key === "plan" ? key + text : key,
      untouched.includes(key) ? item : mark(item, text),
    ]),
  );
}

Deno.test("an event of any type with U+0000 or lone surrogates in it is applied, with U+FFFD in their place", async () => {
  await using mirror = await openMirror();
  for (const type of Object.keys(mappings)) {
    for (const evil of ["\u0000", "\uD800"]) {
      const event = sampleEvent(type);
      const answer = await mirror.send(JSON.stringify(mark(event, evil)));
      assert.deepEqual(
        [answer.status, answer.outcome],
        [200, "applied"],
        `${type} ${escape(evil)}`,
      );
    }
  }
  const event = sampleEvent("user.created", {
    data: { first_name: "A\u0000da", unsafe_metadata: { "k\u0000": ["\uDC00"] } },
  });
  await mirror.send(event);
  const [row] = await mirror.sql`
    select first_name, unsafe_metadata from profiles where id = ${event.data.id}`;
  assert.deepEqual({ ...row }, {
    first_name: "A\uFFFDda",
    unsafe_metadata: { "k\uFFFD": ["\uFFFD"] },
  });
});

Deno.test("secrets in an event are stored nowhere: not in the tables, the ledger or the dead letters", async () => {
  await using mirror = await openMirror();
  const secret = `secret${crypto.randomUUID()}`;
  const user = sampleEvent("user.created", { data: { private_metadata: { secret } } });
  user.data.phone_numbers[0].backup_codes = [secret];
  user.data.external_accounts[0].approved_scopes = secret;
  user.data.external_accounts[0].token = secret;
  user.data.web3_wallets[0].verification.nonce = secret;
  const membershipEvent = sampleEvent("organizationMembership.created", {
    data: { private_metadata: { secret }, "organization.private_metadata": { secret } },
  });
  const email = sampleEvent("email.created", {
    data: { body: secret, data: { otp_code: secret } },
  });
  const broken = structuredClone(user);
  broken.data.id = newId("user");
  broken.data.created_at = "yesterday";
  for (const event of [user, membershipEvent, email, broken]) await mirror.send(event);

  const tables = await mirror.sql`
    select format('%I.%I', schemaname, tablename) as name
    from pg_tables where schemaname in ('public', ${mirror.naming.schema}, 'clerk_sync')`;
  for (const { name } of tables) {
    const [row] = await mirror.sql.unsafe(
      `select count(*)::integer from ${name} as stored where stored::text like $1`,
      [`%${secret}%`],
    );
    assert.equal(row?.count, 0, name);
  }
});

Deno.test("roles and permissions are deleted by an event with the full object or with just its id", async () => {
  await using mirror = await openMirror();
  const tables = { role: "organization_roles", permission: "organization_permissions" };
  for (const [noun, table] of Object.entries(tables)) {
    for (const isFull of [true, false]) {
      const created = sampleEvent(`${noun}.created`);
      const { id } = created.data;
      await mirror.send(created);
      const data = isFull ? created.data : { object: noun, id, slug: null, deleted: true };
      const answer = await mirror.send({ ...created, type: `${noun}.deleted`, data });
      assert.equal(answer.outcome, "applied");
      const rows = await mirror.sql`select from ${mirror.sql(table)} where id = ${id}`;
      assert.equal(rows.length, 0);
    }
  }
});

Deno.test("the state views show sessions and invitations as expired although no event says so", async () => {
  await using mirror = await openMirror();
  const past = Date.now() - 1000;
  const status = async (type: string, view: string, data: Record<string, unknown>) => {
    const event = sampleEvent(type, { data });
    await mirror.send(event);
    const { sql } = mirror;
    const [row] = await sql`select current_status from ${sql(view)} where id = ${event.data.id}`;
    return row?.current_status;
  };
  const session = (data: Record<string, unknown>, type = "session.created") =>
    status(type, "session_states", data);
  assert.equal(await session({}), "active");
  assert.equal(await session({ expire_at: past }), "expired");
  assert.equal(await session({ abandon_at: past }), "abandoned");
  assert.equal(await session({ expire_at: past }, "session.ended"), "ended");

  const invitation = (data: Record<string, unknown>, type = "organizationInvitation.created") =>
    status(type, "organization_invitation_states", data);
  assert.equal(await invitation({}), "pending");
  assert.equal(await invitation({ expires_at: past }), "expired");
  assert.equal(
    await invitation({ expires_at: past }, "organizationInvitation.accepted"),
    "accepted",
  );
});

/** A subscription item's interval and price, as Clerk's schema, its types and its API give them. */
const ITEM_FORMS = [
  { interval: "year", plan: { amount: 2400, currency: "EUR" } },
  { plan_period: "year", amount: { amount: 2400, currency: "EUR" } },
  { plan_period: "year", plan: { fee: { amount: 2400, currency: "EUR" } } },
];

Deno.test("a subscription item's interval and price are taken from each of the forms that Clerk gives them in", async () => {
  await using mirror = await openMirror();
  for (const form of ITEM_FORMS) {
    const event = sampleEvent("subscriptionItem.created");
    for (const field of ["interval", "plan"]) delete event.data[field];
    Object.assign(event.data, form);
    assert.equal((await mirror.send(event)).outcome, "applied");
    const [row] = await mirror.sql`
      select interval, amount, currency from subscription_items where id = ${event.data.id}`;
    assert.deepEqual({ ...row }, { interval: "year", amount: 2400, currency: "EUR" });
  }
});

Deno.test("a subscription item without an updated_at takes the time of its event instead", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("subscriptionItem.upcoming");
  for (const field of ["created_at", "updated_at", "subscription_id", "seats"]) {
    delete event.data[field];
  }
  assert.equal((await mirror.send(event)).outcome, "applied");
  const [row] = await mirror.sql`
    select interval, amount, currency, updated_at from subscription_items where id = ${event.data.id}`;
  assert.deepEqual({ ...row }, {
    interval: "month",
    amount: 2000,
    currency: "USD",
    updated_at: new Date(event.timestamp),
  });
});
