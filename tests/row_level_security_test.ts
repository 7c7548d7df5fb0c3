/** Row level security through supabase-js: what each role may do with each table. */
import assert from "node:assert/strict";
import { newId } from "../tools/development/events/new_id.ts";
import { sample, sampleEvent, sampleTypes } from "../tools/development/events/sample_event.ts";
import { mirroredTables } from "./helpers/application.ts";
import { type Client, type Mirror, openMirror } from "./helpers/mirror.ts";

const TABLES = ["profiles", "session_logs", "organizations", "organization_memberships"] as const;
type Table = (typeof TABLES)[number];

const ALL_TABLES = [
  ...TABLES,
  "organization_invitations",
  "organization_domains",
  "organization_roles",
  "organization_permissions",
  "waitlist_entries",
  "subscriptions",
  "subscription_items",
  "payment_attempts",
] as const;

const VIEWS = ["session_states", "organization_invitation_states"] as const;

/** One organization with two members, somebody else with an organization of his own, and one who left. */
interface Cast {
  admin: string;
  member: string;
  former: string;
  stranger: string;
  organization: string;
  rows: Record<Table, Record<"admin" | "member" | "stranger", string>>;
}

async function play(mirror: Mirror): Promise<Cast> {
  const [admin, member, former, stranger] = ["user", "user", "user", "user"].map((prefix) =>
    newId(prefix)
  );
  assert.ok(admin && member && former && stranger);
  const [organization, strangersOrganization] = [newId("org"), newId("org")];
  const join = (userId: string, organizationId: string, role = "org:member") =>
    sampleEvent("organizationMembership.created", {
      data: {
        role,
        "organization.id": organizationId,
        "public_user_data.user_id": userId,
        "public_user_data.first_name": userId,
      },
    });
  const memberships = {
    admin: join(admin, organization, "org:admin"),
    member: join(member, organization),
    former: join(former, organization),
    stranger: join(stranger, strangersOrganization),
  };
  const sessions = {
    admin: sampleEvent("session.created", { data: { user_id: admin } }),
    member: sampleEvent("session.created", { data: { user_id: member } }),
    stranger: sampleEvent("session.created", { data: { user_id: stranger } }),
  };
  const gone = structuredClone(memberships.former);
  const events = [
    sampleEvent("organization.created", { data: { id: organization, created_by: admin } }),
    sampleEvent("organization.created", { data: { id: strangersOrganization } }),
    sampleEvent("user.created", { data: { id: former } }),
    ...Object.values(sessions),
    ...Object.values(memberships),
    { ...gone, type: "organizationMembership.deleted" },
  ];
  for (const event of events) assert.equal((await mirror.send(event)).outcome, "applied");
  return {
    admin,
    member,
    former,
    stranger,
    organization,
    rows: {
      profiles: { admin, member, stranger },
      session_logs: {
        admin: sessions.admin.data.id,
        member: sessions.member.data.id,
        stranger: sessions.stranger.data.id,
      },
      organizations: {
        admin: organization,
        member: organization,
        stranger: strangersOrganization,
      },
      organization_memberships: {
        admin: memberships.admin.data.id,
        member: memberships.member.data.id,
        stranger: memberships.stranger.data.id,
      },
    },
  };
}

async function readIds(client: Client, table: Table): Promise<string[]> {
  const { data, error } = await client.from(table).select("id");
  assert.equal(error, null);
  return (data ?? []).map(({ id }) => id).sort();
}

Deno.test("a user reads only their own profile, sessions and organizations, with all memberships of those", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  const { rows } = cast;
  const shared = {
    organizations: [cast.organization],
    organization_memberships: [
      rows.organization_memberships.admin,
      rows.organization_memberships.member,
    ].sort(),
  };
  const expected: Record<string, [Client, Record<Table, string[]>]> = {
    admin: [mirror.asUser(cast.admin), {
      profiles: [cast.admin],
      session_logs: [rows.session_logs.admin],
      ...shared,
    }],
    member: [mirror.asUser(cast.member), {
      profiles: [cast.member],
      session_logs: [rows.session_logs.member],
      ...shared,
    }],
    "former member": [mirror.asUser(cast.former), {
      profiles: [cast.former],
      session_logs: [],
      organizations: [],
      organization_memberships: [],
    }],
    stranger: [mirror.asUser(cast.stranger), {
      profiles: [cast.stranger],
      session_logs: [rows.session_logs.stranger],
      organizations: [rows.organizations.stranger],
      organization_memberships: [rows.organization_memberships.stranger],
    }],
    "user of whom nothing is known": [mirror.asUser(newId("user")), {
      profiles: [],
      session_logs: [],
      organizations: [],
      organization_memberships: [],
    }],
    // The token's claims give nothing: only the mirrored memberships count.
    "stranger with a claim": [
      mirror.asUser(newId("user"), {
        o: { id: cast.organization, rol: "admin" },
        org_id: cast.organization,
      }),
      { profiles: [], session_logs: [], organizations: [], organization_memberships: [] },
    ],
  };
  for (const [reader, [client, tables]] of Object.entries(expected)) {
    for (const table of TABLES) {
      assert.deepEqual(await readIds(client, table), tables[table], `${reader} reads ${table}`);
    }
  }
});

Deno.test("anon is refused select on every table and view", async () => {
  await using mirror = await openMirror();
  const anon = mirror.asAnon();
  for (const table of ALL_TABLES) {
    const { data, error } = await anon.from(table).select("id");
    assert.deepEqual([data, error?.code], [null, "42501"], table);
  }
  for (const view of VIEWS) {
    const { data, error } = await anon.from(view).select("id");
    assert.deepEqual([data, error?.code], [null, "42501"], view);
  }
});

Deno.test("insert, update, upsert and delete are refused to anon, the owner and everybody else", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  const clients = {
    anon: mirror.asAnon(),
    owner: mirror.asUser(cast.admin),
    stranger: mirror.asUser(cast.stranger),
  };
  const before = await snapshot(mirror, cast);
  for (const [role, client] of Object.entries(clients)) {
    for (const table of ALL_TABLES) {
      const id = TABLES.find((name) => name === table)
        ? cast.rows[table as Table].admin
        : newId("x");
      // deno-lint-ignore no-explicit-any -- no client could write rows of the right type either
      const from: any = client.from(table);
      const attempts = {
        insert: await from.insert({ id: newId("x") }),
        update: await from.update({ synced_at: null }).eq("id", id),
        upsert: await from.upsert({ id }),
        delete: await from.delete().eq("id", id),
      };
      for (const [verb, { error }] of Object.entries(attempts)) {
        assert.equal(error?.code, "42501", `${role} may not ${verb} ${table}`);
      }
    }
  }
  assert.deepEqual(await snapshot(mirror, cast), before);
});

async function snapshot(mirror: Mirror, cast: Cast): Promise<unknown[]> {
  const tables = TABLES.map(async (table) => {
    const ids = Object.values(cast.rows[table]);
    const { sql } = mirror;
    return [...await sql`select * from ${sql(table)} where id in ${sql(ids)} order by id`];
  });
  return await Promise.all(tables);
}

Deno.test("the secret key may select, insert, update and delete in every mirrored table", async () => {
  await using mirror = await openMirror();
  const samples = new Map(
    sampleTypes().map((type) => sample(type)).flatMap(({ event, row }) =>
      row?.values ? [[row.table, event]] : []
    ),
  );
  const tables = await mirroredTables(mirror.sql, mirror.naming);
  assert.deepEqual([...ALL_TABLES].sort(), tables.toSorted());
  const service = mirror.asService();
  for (const table of ALL_TABLES) {
    const event = samples.get(table);
    assert.ok(event, table);
    assert.equal((await mirror.send(event)).outcome, "applied", table);
    const { id } = event.data;
    // deno-lint-ignore no-explicit-any -- all tables in one loop
    const from: any = service.from(table);
    const read = await from.select().eq("id", id).single();
    assert.equal(read.error, null, table);
    const { version: _version, ...row } = read.data;
    const version = `(${row.updated_at ?? "-infinity"},-infinity,)`;
    assert.equal((await from.update({ synced_at: null }).eq("id", id)).error, null, table);
    const updated = await from.select("synced_at").eq("id", id);
    assert.deepEqual(updated.data, [{ synced_at: null }], table);
    assert.equal((await from.delete().eq("id", id)).error, null, table);
    assert.deepEqual((await from.select().eq("id", id)).data, [], table);
    const inserted = await from.insert({ ...row, version });
    assert.equal(inserted.error, null, `${table}: ${inserted.error?.message}`);
    const { version: _again, ...again } = (await from.select().eq("id", id).single()).data;
    assert.deepEqual(again, row, table);
  }
});

Deno.test("profile_identifiers shows users their own addresses and accounts, and changes with the profile", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("user.created");
  await mirror.send(event);
  const read = (client: Client) =>
    client.from("profile_identifiers").select("type, value, is_primary, is_verified")
      .eq("user_id", event.data.id).order("type").order("value");
  const own = await read(mirror.asUser(event.data.id));
  assert.deepEqual(own.data, [
    { type: "email_address", value: "ada.old@example.com", is_primary: false, is_verified: false },
    { type: "email_address", value: "ada@example.com", is_primary: true, is_verified: true },
    {
      type: "external_account",
      value: "ada.lovelace@gmail.example",
      is_primary: false,
      is_verified: true,
    },
    { type: "phone_number", value: "+15555550142", is_primary: true, is_verified: true },
    {
      type: "web3_wallet",
      value: "0x52908400098527886E0F7030069857D2E4169EE7",
      is_primary: true,
      is_verified: true,
    },
  ]);
  assert.deepEqual((await read(mirror.asUser(newId("user")))).data, []);
  assert.equal((await read(mirror.asAnon())).error?.code, "42501");
  assert.equal((await read(mirror.asService())).data?.length, 5);

  // They are replaced as a whole, with the profile's version: an older event changes nothing.
  const data = { id: event.data.id, web3_wallets: [], external_accounts: [] };
  await mirror.send(sampleEvent("user.updated", { data, at: event.timestamp + 1000 }));
  assert.equal((await read(mirror.asService())).data?.length, 3);
  await mirror.send({ ...event, type: "user.updated" });
  assert.equal((await read(mirror.asService())).data?.length, 3);
  await mirror.send(sampleEvent("user.deleted", { data: { id: event.data.id } }));
  assert.deepEqual((await read(mirror.asService())).data, []);
});

Deno.test("the waitlist is refused to users and open to the secret key", async () => {
  await using mirror = await openMirror();
  const event = sampleEvent("waitlistEntry.created");
  await mirror.send(event);
  const refused = await mirror.asUser(newId("user")).from("waitlist_entries").select();
  assert.equal(refused.error?.code, "42501");
  const read = await mirror.asService().from("waitlist_entries").select().eq("id", event.data.id);
  assert.equal(read.data?.length, 1);
});

Deno.test("invitations are visible to managers of members, domains to members, role definitions to every user", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  await mirror.send(sampleEvent("organizationMembership.updated", {
    data: {
      id: cast.rows.organization_memberships.member,
      permissions: ["org:sys_memberships:read"],
      "organization.id": cast.organization,
      "public_user_data.user_id": cast.member,
    },
  }));
  const role = sampleEvent("role.created");
  const permission = sampleEvent("permission.created");
  for (
    const event of [
      sampleEvent("organizationInvitation.created", {
        data: { organization_id: cast.organization },
      }),
      sampleEvent("organizationDomain.created", { data: { organization_id: cast.organization } }),
      role,
      permission,
    ]
  ) await mirror.send(event);

  const counts = async (userId: string) => {
    const client = mirror.asUser(userId);
    const [invitations, states, domains, roles, permissions] = await Promise.all([
      client.from("organization_invitations").select("id"),
      client.from("organization_invitation_states").select("current_status"),
      client.from("organization_domains").select("id"),
      client.from("organization_roles").select("id").eq("id", role.data.id),
      client.from("organization_permissions").select("id").eq("id", permission.data.id),
    ]);
    return [invitations, states, domains, roles, permissions].map(({ data }) => data?.length);
  };
  assert.deepEqual(await counts(cast.admin), [1, 1, 1, 1, 1]);
  assert.deepEqual(await counts(cast.member), [0, 0, 1, 1, 1]);
  assert.deepEqual(await counts(cast.former), [0, 0, 0, 1, 1]);
  assert.deepEqual(await counts(cast.stranger), [0, 0, 0, 1, 1]);
});

Deno.test("billing is visible to the user who pays, and to members with their organization's permission", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  await mirror.send(sampleEvent("organizationMembership.updated", {
    data: {
      id: cast.rows.organization_memberships.admin,
      permissions: ["org:sys_billing:read"],
      "organization.id": cast.organization,
      "public_user_data.user_id": cast.admin,
    },
  }));
  for (
    const type of ["subscription.created", "subscriptionItem.created", "paymentAttempt.created"]
  ) {
    const byUser = { "payer.user_id": cast.stranger };
    const byOrganization = { "payer.user_id": "", "payer.organization_id": cast.organization };
    for (const data of [byUser, byOrganization]) {
      assert.equal((await mirror.send(sampleEvent(type, { data }))).outcome, "applied");
    }
  }
  for (const table of ["subscriptions", "subscription_items", "payment_attempts"] as const) {
    const owners = async (userId: string) =>
      (await mirror.asUser(userId).from(table).select("user_id, organization_id")).data;
    const organizations = [{ user_id: null, organization_id: cast.organization }];
    assert.deepEqual(await owners(cast.admin), organizations, table);
    assert.deepEqual(await owners(cast.member), [], table);
    assert.deepEqual(
      await owners(cast.stranger),
      [{ user_id: cast.stranger, organization_id: null }],
      table,
    );
  }
});

Deno.test("every RPC is refused to anon, and every one but ensure_profile() to users", async () => {
  await using mirror = await openMirror();
  const functions = await mirror.sql`
    select proname as name, proargnames[1:pronargs] as names,
      array(select format_type(type, null) from unnest(proargtypes) as type) as types
    from pg_proc where pronamespace = ${mirror.naming.schema}::text::regnamespace`;
  assert.ok(functions.length >= 20);
  const values: Record<string, unknown> = {
    text: newId("user"),
    "text[]": [],
    jsonb: [],
    uuid: crypto.randomUUID(),
    integer: 1,
    bigint: 1,
    boolean: false,
    "timestamp with time zone": new Date().toISOString(),
    "double precision": 1,
  };
  for (const { name, names, types } of functions) {
    const args = Object.fromEntries(
      (names ?? []).map((key: string, index: number) => [key, values[types[index]]]),
    );
    // The one thing that users may write: tests/ensure_profile_test.ts shows what.
    const isForUsers = name === `${mirror.naming.prefix}ensure_profile`;
    for (const client of [mirror.asAnon(), ...isForUsers ? [] : [mirror.asUser(newId("user"))]]) {
      const { error } = await client.rpc(name, args);
      assert.equal(error?.code, "42501", name);
    }
  }
});

Deno.test("the private schema is not exposed by the API, and grants anon and users no table", async () => {
  await using mirror = await openMirror();
  // deno-lint-ignore no-explicit-any -- a schema that the types do not know, and must not
  const user: any = mirror.asUser(newId("user"));
  const { error } = await user.schema("clerk_sync").from("webhook_events").select();
  assert.ok(error, "no such schema over the API");

  const grants = await mirror.sql`
    select relname, rolname, privilege
    from pg_class, pg_roles, unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
    where relnamespace = 'clerk_sync'::regnamespace and relkind = 'r'
      and rolname in ('anon', 'authenticated')
      and has_table_privilege(pg_roles.oid, pg_class.oid, privilege)`;
  assert.deepEqual([...grants], []);
});

Deno.test("one query reads organizations with their members embedded", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  const { data, error } = await mirror.asUser(cast.member)
    .from("organizations")
    .select("name, organization_memberships(user_id, first_name, role)");
  assert.equal(error, null);
  assert.equal(data?.length, 1);
  assert.equal(data?.[0]?.name, "Analytical Engines");
  assert.deepEqual(
    data?.[0]?.organization_memberships.map(({ user_id }) => user_id).sort(),
    [cast.admin, cast.member].sort(),
  );
});

Deno.test("one query reads sessions with their profile embedded", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  const { data, error } = await mirror.asUser(cast.admin)
    .from("session_logs").select("status, profiles(email)").single();
  assert.equal(error, null);
  assert.deepEqual(data, { status: "active", profiles: { email: "ada@example.com" } });
});

Deno.test("the helpers for policies return the caller's id, organizations and permissions", async () => {
  await using mirror = await openMirror();
  const cast = await play(mirror);
  const ask = async (claims: Record<string, unknown>) => {
    const [row] = await mirror.sql.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
      await sql`set local role authenticated`;
      return await sql`
        select clerk_sync.user_id() as user_id, clerk_sync.organization_id() as organization_id,
          array(select clerk_sync.organization_ids()) as organization_ids,
          clerk_sync.has_organization_permission(${cast.organization}, 'org:sys_memberships:manage') as manages,
          clerk_sync.has_organization_permission(${cast.organization}, 'org:no:such') as other`;
    });
    return { ...row };
  };
  const manages = {
    user_id: cast.admin,
    organization_ids: [cast.organization],
    manages: true,
    other: false,
  };
  assert.deepEqual(await ask({ sub: cast.admin, o: { id: "org_v2" } }), {
    ...manages,
    organization_id: "org_v2",
  });
  assert.deepEqual(await ask({ sub: cast.admin, org_id: "org_v1" }), {
    ...manages,
    organization_id: "org_v1",
  });
  assert.deepEqual(await ask({ sub: cast.former }), {
    user_id: cast.former,
    organization_id: null,
    organization_ids: [],
    manages: false,
    other: false,
  });
});
