/** A signed event of each type in, the row out; then what payloads may look like. */
import assert from "node:assert/strict";
import { mappings } from "../functions/clerk-webhook/event.ts";
import { newId } from "../tools/events/new_id.ts";
import { type SampleEvent, sampleEvent, sampleTypes } from "../tools/events/sample_event.ts";
import { openMirror } from "./helpers/mirror.ts";

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

type Rows = Record<string, unknown>[];

interface Expectation {
  table: "profiles" | "session_logs" | "organizations" | "organization_memberships";
  /** Undefined: the row is gone. */
  row?: (event: SampleEvent) => Record<string, unknown>;
}

const profile: Expectation = {
  table: "profiles",
  row: ({ data }) => ({
    username: "ada",
    email: "ada@example.com",
    email_verified: true,
    phone_number: "+15555550142",
    first_name: data.first_name,
    public_metadata: data.public_metadata,
    unsafe_metadata: { theme: "dark" },
    banned: false,
  }),
};

const session: Expectation = {
  table: "session_logs",
  row: ({ type, data }) => ({
    user_id: data.user_id,
    status: data.status,
    client_id: data.client_id,
    city: data.latest_activity?.city ?? null,
    ip_address: type === "session.created" ? "203.0.113.7" : null,
    expire_at: new Date(data.expire_at),
  }),
};

const organization: Expectation = {
  table: "organizations",
  row: ({ data }) => ({
    name: data.name,
    slug: data.slug,
    created_by: data.created_by,
    max_allowed_memberships: 5,
    public_metadata: { region: "eu" },
  }),
};

const membership: Expectation = {
  table: "organization_memberships",
  row: ({ data }) => ({
    organization_id: data.organization.id,
    user_id: data.public_user_data.user_id,
    role: data.role,
    permissions: data.permissions,
    identifier: "ada@example.com",
  }),
};

const expectations: Record<keyof typeof mappings, Expectation> = {
  "user.created": profile,
  "user.updated": profile,
  "user.deleted": { table: "profiles" },
  "session.created": session,
  "session.pending": session,
  "session.ended": session,
  "session.removed": session,
  "session.revoked": session,
  "organization.created": organization,
  "organization.updated": organization,
  "organization.deleted": { table: "organizations" },
  "organizationMembership.created": membership,
  "organizationMembership.updated": membership,
  "organizationMembership.deleted": { table: "organization_memberships" },
};

for (const [type, { table, row }] of Object.entries(expectations)) {
  Deno.test(`${type} ${row ? "writes" : "removes"} the row in ${table}`, async () => {
    await using mirror = await openMirror();
    const event = sampleEvent(type);
    if (row === undefined) {
      const { id } = event.data;
      await mirror.send(sampleEvent(type.replace(".deleted", ".created"), { data: { id } }));
      assert.equal((await mirror.sql`select from ${mirror.sql(table)} where id = ${id}`).length, 1);
    }
    const id = newId("msg");
    const answers = [await mirror.send(event, { id }), await mirror.send(event, { id })];
    assert.deepEqual(answers.map(({ outcome }) => outcome), ["applied", "duplicate"]);

    const rows: Rows = await mirror.sql`select * from ${
      mirror.sql(table)
    } where id = ${event.data.id}`;
    if (row === undefined) return assert.equal(rows.length, 0);
    const [stored] = rows;
    const expected = {
      ...row(event),
      created_at: new Date(event.data.created_at),
      updated_at: new Date(event.data.updated_at),
      synced_at: new Date(event.timestamp),
    };
    const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, stored?.[key]]));
    assert.deepEqual(picked, expected);
  });
}

Deno.test("there is a sample of every type that changes the mirror", () => {
  const types = new Set(sampleTypes());
  assert.deepEqual(Object.keys(mappings).filter((type) => !types.has(type)), []);
});

Deno.test("a session brings the full user it nests, and a placeholder when it nests none", async () => {
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

Deno.test("the primary email is the one whose id the user names, never simply the first", async () => {
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

Deno.test("timestamps in seconds, as the catalogue examples have them, are the same time", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("user.created");
  event.timestamp = Math.floor(event.timestamp / 1000);
  assert.equal((await mirror.send(event)).outcome, "applied");
  const [row] = await mirror.sql`select synced_at from profiles where id = ${event.data.id}`;
  assert.deepEqual(row?.synced_at, new Date(event.timestamp * 1000));
});

Deno.test("an empty client ip, as a backend's change has it, is null", async () => {
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

Deno.test("unknown fields pass, and only what the mirror can't do without is required", async () => {
  await using mirror = await openMirror();
  const now = Date.now();
  const data = { id: newId("user"), created_at: now, updated_at: now, some_day: { a: [1] } };
  const event = { type: "user.created", timestamp: now, data, another_day: true };
  assert.equal((await mirror.send(event)).outcome, "applied");
});

/** Puts a mark into every text and every metadata key of an event, except ids, times and types. */
function mark(value: unknown, text: string): unknown {
  if (Array.isArray(value)) return value.map((item) => mark(item, text));
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? value + text : value;
  }
  const untouched = ["id", "object", "type", "user_id", "client_ip", "primary_email_address_id"];
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key === "theme" || key === "plan" ? key + text : key,
      untouched.includes(key) ? item : mark(item, text),
    ]),
  );
}

Deno.test("U+0000 and lone surrogates are replaced wherever they stand, so that nobody freezes the mirror", async () => {
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

Deno.test("a body that re-serialization would change is verified and stored as it is meant", async () => {
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

Deno.test("secrets have no place anywhere: not in the tables, the ledger or the dead letters", async () => {
  await using mirror = await openMirror();
  const secret = `secret${crypto.randomUUID()}`;
  const user = sampleEvent("user.created", { data: { private_metadata: { secret } } });
  user.data.phone_numbers[0].backup_codes = [secret];
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
    from pg_tables where schemaname in ('public', 'clerk_sync')`;
  for (const { name } of tables) {
    const [row] = await mirror.sql.unsafe(
      `select count(*)::integer from ${name} as stored where stored::text like $1`,
      [`%${secret}%`],
    );
    assert.equal(row?.count, 0, name);
  }
});

const catalogue = new URL("../../shared/clerk-openapi-examples.json", import.meta.url);
const hasCatalogue = await Deno.stat(catalogue).then(() => true, () => false);

Deno.test({
  name: hasCatalogue
    ? "Clerk's own catalogue example of every mapped type is accepted"
    : "Clerk's own catalogue example of every mapped type is accepted (skipped: the examples are not here)",
  ignore: !hasCatalogue,
  async fn() {
    await using mirror = await openMirror();
    const examples: Record<string, { data: { id: string } }> = JSON.parse(
      await Deno.readTextFile(catalogue),
    );
    for (const type of Object.keys(mappings)) {
      const example = examples[type];
      assert.ok(example, type);
      const body = JSON.stringify(example).replaceAll(
        "2g7np7Hrk0SN6kj5EDMLDaKNL0S",
        newId("x").slice(2),
      );
      const answer = await mirror.send(body);
      assert.deepEqual([answer.status, answer.outcome], [200, "applied"], type);
    }
  },
});

Deno.test("times are kept to the millisecond", async () => {
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
