/** Many webhooks in one database call, apply_group(): each ends as it would on its own. */
import assert from "node:assert/strict";
import {
  sample,
  type SampleEvent,
  sampleEvent,
  sampleTypes,
} from "../tools/development/events/sample_event.ts";
import { newId } from "../tools/development/events/new_id.ts";
import type { Json } from "../functions/_shared/database.types.ts";
import { mappings } from "../functions/clerk-webhook/event.ts";
import { callDirectly, callTogether, connectAsService, type Delivery } from "./helpers/history.ts";
import { type Mirror, openMirror, openOwnMirror } from "./helpers/mirror.ts";

const MINUTE = 60_000;
const now = Date.now();

/** Connections that have the function's role. */
function connect({ databaseUrl, naming }: Mirror, connections = 1) {
  const sql = connectAsService(databaseUrl, connections, naming);
  return Object.assign(sql, { [Symbol.asyncDispose]: () => sql.end() });
}

function delivery(body: SampleEvent, webhookId = newId("msg")): Delivery {
  return { body, webhookId };
}

/** A user.updated of a user. */
function updated(id: string, at: number, data: Record<string, unknown> = {}): Delivery {
  return delivery(sampleEvent("user.updated", { at, data: { id, ...data } }));
}

/** What the ledger says of webhooks, in their order. */
async function ledger({ sql }: Mirror, deliveries: Delivery[]): Promise<(string | undefined)[]> {
  const ids = deliveries.map(({ webhookId }) => webhookId);
  const rows = await sql`
    select id, outcome from clerk_sync.webhook_events where id in ${sql(ids)}`;
  return ids.map((id) => rows.find((row) => row.id === id)?.outcome);
}

/** Deadlocks so far, of whoever has disconnected. */
async function countDeadlocks({ sql }: Mirror): Promise<number> {
  const [row] = await sql`
    select deadlocks::integer from pg_stat_database where datname = current_database()`;
  return row?.deadlocks;
}

/** Makes every row that is written to a table take its time, so that calls are sure to meet. */
async function slowDown({ sql }: Mirror, table: string): Promise<void> {
  await sql.unsafe(`
    create function public.dawdle() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.002); return new; end $$`);
  await sql.unsafe(`
    create trigger dawdle before insert on ${table}
    for each row execute function public.dawdle()`);
}

function shuffle<Item>(items: Item[]): Item[] {
  return items.map((item) => ({ item, key: Math.random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

function pick<Item>(items: Item[]): Item {
  const [item] = shuffle(items);
  if (item === undefined) throw new RangeError("Nothing to pick from");
  return item;
}

const comparable = (value: unknown) => value instanceof Date ? value.getTime() : value;

Deno.test("a group writes, for each event type but deletions, the row that the event writes alone", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  const samples = sampleTypes()
    .filter((type) => type in mappings && !type.endsWith(".deleted"))
    .map((type) => sample(type));
  const deliveries = samples.map(({ event }) => delivery(event));
  assert.ok(deliveries.length >= 38);
  assert.deepEqual(
    await callTogether(service, deliveries),
    Array(deliveries.length).fill("applied"),
  );
  for (const { event, row } of samples) {
    const [stored] = await mirror.sql`
      select * from ${mirror.sql(row?.table ?? "")} where id = ${event.data.id}`;
    const { version: _version, user_agent: _userAgent, ...columns } = stored ?? {};
    assert.deepEqual(
      Object.fromEntries(Object.entries(columns).map(([key, value]) => [key, comparable(value)])),
      { id: event.data.id, deleted_at: null, synced_at: event.timestamp, ...row?.values },
      event.type,
    );
  }
  assert.deepEqual(
    await callTogether(service, shuffle(deliveries)),
    Array(deliveries.length).fill("duplicate"),
  );
});

Deno.test("a group applies the newest of several events of one user, whatever their order in it", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  for (const places of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    const [id, other] = [newId("user"), newId("user")];
    const group = [
      ...places.map((place) => updated(id, now - place * MINUTE, { first_name: `${place}` })),
      updated(other, now - 9 * MINUTE),
    ];
    const expected = [...places.map((place) => place === 0 ? "applied" : "stale"), "applied"];
    assert.deepEqual(await callTogether(service, group), expected);
    assert.deepEqual(await ledger(mirror, group), expected);
    const [row] = await mirror.sql`select first_name from profiles where id = ${id}`;
    assert.equal(row?.first_name, "0");

    const late = [updated(id, now - MINUTE), updated(id, now + MINUTE, { first_name: "Late" })];
    assert.deepEqual(await callTogether(service, late), ["stale", "applied"]);
    assert.deepEqual(await ledger(mirror, late), ["stale", "applied"]);
  }
});

Deno.test("a webhook that is in a group twice, or in two groups, is processed once", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  const [first, second] = [updated(newId("user"), now), updated(newId("user"), now)];
  assert.deepEqual(
    await callTogether(service, [first, second, first, first]),
    ["applied", "applied", "duplicate", "duplicate"],
  );
  const third = updated(newId("user"), now);
  assert.deepEqual(await callTogether(service, [second, third]), ["duplicate", "applied"]);
  assert.equal(await callDirectly(service, third.body, third.webhookId), "duplicate");
  assert.deepEqual(await callTogether(service, [first]), ["duplicate"]);
});

Deno.test("a group counts its duplicates", async () => {
  await using mirror = await openOwnMirror();
  await using service = connect(mirror);
  const group = [updated(newId("user"), now), updated(newId("user"), now)];
  await callTogether(service, group);
  await callTogether(service, [...group, updated(newId("user"), now)]);
  const [row] = await mirror.sql`
    select sum(delivery_count)::integer as duplicates from clerk_sync.duplicate_counts`;
  assert.equal(row?.duplicates, 2);
});

/** A user.updated of an instance. */
function updatedAt(instance_id: string): Delivery {
  const id = newId("user");
  return delivery({ ...sampleEvent("user.updated", { data: { id } }), instance_id });
}

Deno.test("a group ignores and counts webhooks of another instance, and applies the rest", async () => {
  await using mirror = await openOwnMirror();
  await using service = connect(mirror);
  const [one, other] = ["ins_one", "ins_other"];
  const [ours, first, second] = [updatedAt(one), updatedAt(other), updatedAt(other)];
  assert.deepEqual(await callTogether(service, [ours]), ["applied"], "who comes first is mirrored");
  assert.deepEqual(
    await callTogether(service, [first, updatedAt(one), second, first, ours]),
    ["ignored", "applied", "ignored", "ignored", "duplicate"],
  );
  assert.deepEqual(await ledger(mirror, [first, second]), [undefined, undefined], "not claimed");
  const [row] = await mirror.sql`
    select instance_id, delivery_count::integer from clerk_sync.foreign_webhooks`;
  assert.deepEqual({ ...row }, { instance_id: other, delivery_count: 3 });
});

Deno.test("a first group with webhooks of two instances binds the mirror to one and ignores the other", async () => {
  await using mirror = await openOwnMirror();
  await using service = connect(mirror);
  const instances = ["ins_one", "ins_other", "ins_one", "ins_other"];
  const outcomes = await callTogether(service, instances.map(updatedAt));
  const [row] = await mirror.sql`select instance_id from clerk_sync.mirrored_instance`;
  assert.deepEqual(
    outcomes,
    instances.map((instance) => instance === row?.instance_id ? "applied" : "ignored"),
  );
});

Deno.test("a dead letter is removed once a group applies its event", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  const group = [updated(newId("user"), now), updated(newId("user"), now)];
  const keep = ({ body, webhookId }: Delivery) =>
    mirror.asService().rpc("keep_dead_letter", {
      dead_letter: {
        webhook_id: webhookId,
        type: "user.updated",
        reason: "of a test",
        owner_ids: [],
        payload: JSON.parse(JSON.stringify(body)),
      },
    });
  for (const one of group) assert.equal((await keep(one)).data, "dead_lettered");
  const kept = async () =>
    (await mirror.sql`
      select from clerk_sync.dead_letters
      where webhook_id in ${mirror.sql(group.map(({ webhookId }) => webhookId))}`).length;
  assert.equal(await kept(), 2);
  assert.deepEqual(await callTogether(service, group), ["applied", "applied"]);
  assert.equal(await kept(), 0);
});

Deno.test("a group enqueues each webhook's effects once, applied or stale, unless its object is deleted", async () => {
  await using mirror = await openOwnMirror();
  await using service = connect(mirror);
  const { sql } = mirror;
  await mirror.asService().rpc("register_effects", { handlers: ["welcome_email"] });
  const [fresh, late, gone] = [newId("user"), newId("user"), newId("user")];
  await mirror.asService().rpc("delete_profile", { user_id: gone });
  const created = (id: string, at = now) =>
    delivery(sampleEvent("user.created", { at, data: { id } }));
  const group = [created(fresh), updated(late, now), created(late, now - MINUTE), created(gone)];
  const again = group[0] ?? created(fresh);
  assert.deepEqual(
    await callTogether(service, [...group, again]),
    ["applied", "applied", "stale", "stale", "duplicate"],
  );
  assert.deepEqual(await callTogether(service, [again]), ["duplicate"]);
  const rows = await sql`select object_id, webhook_id from clerk_sync.outbox order by object_id`;
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ object_id: fresh, webhook_id: group[0]?.webhookId }, {
      object_id: late,
      webhook_id: group[2]?.webhookId,
    }].sort((one, other) => one.object_id < other.object_id ? -1 : 1),
  );
});

Deno.test("a group never brings a deleted object back, nor anything that belongs to it", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  const { sql } = mirror;
  const membership = sampleEvent("organizationMembership.created");
  const user_id: string = membership.data.public_user_data.user_id;
  const organization_id: string = membership.data.organization.id;
  await mirror.asService().rpc("delete_organization", { organization_id });
  assert.deepEqual(
    await callTogether(service, [
      delivery(membership),
      updated(user_id, now),
      delivery(sampleEvent("organization.updated", { data: { id: organization_id } })),
    ]),
    ["stale", "applied", "stale"],
  );
  const [row] = await sql`
    select
      exists (select from organizations where id = ${organization_id}) as has_organization,
      exists (select from organization_memberships where id = ${membership.data.id}) as has_membership`;
  assert.deepEqual({ ...row }, { has_organization: false, has_membership: false });
});

Deno.test("a user or organization that several events of a group mention ends as the full object", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  const { sql } = mirror;
  const membership = sampleEvent("organizationMembership.created");
  const user_id: string = membership.data.public_user_data.user_id;
  const organization_id: string = membership.data.organization.id;
  const group = [
    delivery(membership),
    delivery(sampleEvent("session.created", { data: { user_id, user: null } })),
    updated(user_id, now - MINUTE, { first_name: "Full" }),
    delivery(
      sampleEvent("organization.created", { data: { id: organization_id, name: "Full" } }),
    ),
    delivery(
      sampleEvent("organizationDomain.created", { data: { organization_id } }),
    ),
  ];
  assert.deepEqual(await callTogether(service, shuffle(group)), Array(5).fill("applied"));
  const [row] = await sql`
    select profiles.first_name, organizations.name
    from organization_memberships as memberships
    join profiles on profiles.id = memberships.user_id
    join organizations on organizations.id = memberships.organization_id
    where memberships.id = ${membership.data.id}`;
  assert.deepEqual({ ...row }, { first_name: "Full", name: "Full" });
});

Deno.test("a session keeps the IP address of its session.created, whatever the order in the group", async () => {
  await using mirror = await openMirror();
  await using service = connect(mirror);
  const created = sampleEvent("session.created", { at: now - MINUTE });
  const ip = created.event_attributes.http_request.client_ip;
  for (const isReversed of [false, true]) {
    const id = newId("sess");
    const user_id = newId("user");
    const of = (type: string, at: number) =>
      delivery(sampleEvent(type, { at, data: { id, user_id, user: null } }));
    const group = [of("session.created", now - MINUTE), of("session.ended", now)];
    const outcomes = await callTogether(service, isReversed ? group.toReversed() : group);
    assert.deepEqual(isReversed ? outcomes.toReversed() : outcomes, ["stale", "applied"]);
    const [row] = await mirror.sql`
      select status, host(ip_address) as ip_address from session_logs where id = ${id}`;
    assert.deepEqual({ ...row }, { status: "ended", ip_address: ip });
  }
});

Deno.test("a group with one event that can't be applied is rolled back as a whole", async () => {
  await using mirror = await openOwnMirror();
  await using service = connect(mirror);
  await mirror.sql.unsafe(`
    create function public.refuse_poison() returns trigger language plpgsql as
    $$ begin raise exception 'poison'; end $$`);
  await mirror.sql`
    create trigger refuse_poison before insert on profiles
    for each row when (new.first_name = 'Poison') execute function public.refuse_poison()`;
  const group = Array.from({ length: 5 }, () => updated(newId("user"), now));
  const poison = updated(newId("user"), now, { first_name: "Poison" });
  await assert.rejects(
    callTogether(service, [...group.slice(0, 2), poison, ...group.slice(2)]),
    { code: "P0001" },
  );
  assert.deepEqual(await ledger(mirror, group), Array(5).fill(undefined));
  assert.deepEqual(await callTogether(service, group), Array(5).fill("applied"));
});

Deno.test("apply_group() refuses a call without a row of its object, or for an unknown table", async () => {
  await using mirror = await openMirror();
  const apply = (...calls: Record<string, Json>[]) =>
    mirror.asService().rpc("apply_group", { calls });
  const id = newId("user");
  const webhook = {
    id: newId("msg"),
    type: "user.updated",
    object_id: id,
    occurred_at: new Date(now).toISOString(),
  };
  assert.equal((await apply({ profiles: [], webhook })).error?.code, "22023");
  assert.equal((await apply({ people: [{ id }], webhook })).error?.code, "22023");
  assert.deepEqual((await apply({ profiles: [{ id }], webhook })).data, ["applied"]);
  assert.deepEqual((await apply()).data, []);
});

Deno.test("apply_group() is refused to anon and to users", async () => {
  await using mirror = await openMirror();
  for (const client of [mirror.asAnon(), mirror.asUser(newId("user"))]) {
    const { error } = await client.rpc("apply_group", { calls: [] });
    assert.equal(error?.code, "42501");
  }
});

Deno.test("each function that writes rows is identified by its first argument, which no other has", async () => {
  await using mirror = await openMirror();
  const rows = await mirror.sql`
    select proargnames[1] as argument
    from pg_proc where pronamespace = 'clerk_sync'::regnamespace and proname like 'write\\_%'`;
  assert.ok(rows.length >= 12);
  assert.equal(new Set(rows.map(({ argument }) => argument)).size, rows.length);
});

/** Fills the ledger with webhooks that are older than its retention. */
async function fillWithExpired({ sql }: Mirror, count: number): Promise<() => Promise<number>> {
  await sql`
    insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
    select 'msg_0' || number, 'user.updated', 'x', now() - interval '1 year', now() - interval '1 year'
    from generate_series(10000, 9999 + ${count}::integer) as number`;
  return async () => {
    const [row] = await sql`
      select count(*)::integer as count from clerk_sync.webhook_events where id like 'msg_0%'`;
    return row?.count;
  };
}

Deno.test("a group deletes more expired ledger rows than it adds new ones", async () => {
  await using mirror = await openOwnMirror();
  const countExpired = await fillWithExpired(mirror, 1000);
  await using service = connect(mirror);
  for (let groups = 1; groups <= 4; groups++) {
    await callTogether(service, Array.from({ length: 48 }, () => updated(newId("user"), now)));
    const gone = 1000 - await countExpired();
    assert.ok(gone >= groups * 96, `${gone} of ${groups} groups`);
  }
  while (await countExpired() > 0) await callTogether(service, [updated(newId("user"), now)]);
});

Deno.test("concurrent single calls delete two expired ledger rows for each new one, from the first call on", async () => {
  await using mirror = await openOwnMirror();
  const countExpired = await fillWithExpired(mirror, 3000);
  await using service = connect(mirror, 4);
  const call = () => {
    const { body, webhookId } = updated(newId("user"), now);
    return callDirectly(service, body, webhookId);
  };
  await call();
  assert.ok(await countExpired() <= 2998);
  for (let calls = 0; calls < 400; calls += 4) await Promise.all([call(), call(), call(), call()]);
  const gone = 3000 - await countExpired();
  assert.ok(gone >= 802, `${gone} rows are gone after 401 calls`);
});

Deno.test("a call never scans the tombstones, however many there are", async () => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  await sql`
    insert into clerk_sync.tombstones (object_id, deleted_at)
    select 'user_gone' || number, now() from generate_series(1, 20000) as number`;
  await sql`vacuum analyze clerk_sync.tombstones`;
  for (const count of [1, 500]) {
    const profiles = Array.from(
      { length: count },
      () => ({ id: newId("user"), updated_at: "2026-01-01" }),
    );
    const [read] = await sql.begin(async (transaction) => {
      await transaction`select upsert_profiles(${transaction.json(profiles)})`;
      return await transaction`
        select seq_tup_read::integer as sequential, idx_tup_fetch::integer as by_key
        from pg_stat_xact_user_tables where relid = 'clerk_sync.tombstones'::regclass`;
    });
    assert.deepEqual({ ...read }, { sequential: 0, by_key: 0 });
  }
});

Deno.test("groups with the same webhooks in opposite orders don't deadlock, and apply each webhook once", async () => {
  await using mirror = await openOwnMirror();
  await slowDown(mirror, "clerk_sync.webhook_events");
  const deadlocks = await countDeadlocks(mirror);
  {
    await using one = connect(mirror);
    await using other = connect(mirror);
    for (let round = 0; round < 15; round++) {
      const organization_id = newId("org");
      const group = shuffle(Array.from({ length: 24 }, (_, index) =>
        delivery(
          index % 2 === 0
            ? sampleEvent("user.updated")
            : sampleEvent("organizationMembership.created", {
              data: { "organization.id": organization_id },
            }),
        )));
      const reversed = group.toReversed();
      const [outcomes, others] = await Promise.all([
        callTogether(one, group),
        callTogether(other, reversed),
      ]);
      for (const [index, outcome] of outcomes.entries()) {
        assert.deepEqual(
          [outcome, others[group.length - 1 - index]].sort(),
          ["applied", "duplicate"],
        );
      }
    }
  }
  assert.equal(await countDeadlocks(mirror), deadlocks);
});

Deno.test("groups that write the same objects in opposite orders don't deadlock either", async () => {
  await using mirror = await openOwnMirror();
  await slowDown(mirror, "public.profiles");
  const deadlocks = await countDeadlocks(mirror);
  {
    await using one = connect(mirror);
    await using other = connect(mirror);
    const users = Array.from({ length: 32 }, () => newId("user"));
    for (let round = 0; round < 15; round++) {
      const at = now + round * MINUTE;
      const updates = () => users.map((id) => updated(id, at));
      await Promise.all([
        callTogether(one, updates()),
        callTogether(other, updates().toReversed()),
      ]);
    }
  }
  assert.equal(await countDeadlocks(mirror), deadlocks);
});

Deno.test("groups, single calls and deletions of the same objects run concurrently without a deadlock", async () => {
  await using mirror = await openOwnMirror();
  const deadlocks = await countDeadlocks(mirror);
  {
    await using service = connect(mirror, 8);
    const endsAt = performance.now() + 6000;
    let [groups, outcomes] = [0, 0];
    const next = (users: string[], organizations: string[]): Delivery => {
      const user_id = pick(users);
      const organization_id = pick(organizations);
      const parents = { "public_user_data.user_id": user_id, "organization.id": organization_id };
      const choices = [
        () => sampleEvent("user.updated", { data: { id: user_id } }),
        () => sampleEvent("organization.updated", { data: { id: organization_id } }),
        () => sampleEvent("organizationMembership.created", { data: parents }),
        () => sampleEvent("session.created", { data: { user_id } }),
        () => sampleEvent("organizationDomain.created", { data: { organization_id } }),
      ];
      return delivery(pick(choices)());
    };
    let users: string[] = [];
    let organizations: string[] = [];
    const refresh = () => {
      users = Array.from({ length: 6 }, () => newId("user"));
      organizations = Array.from({ length: 3 }, () => newId("org"));
    };
    refresh();
    const group = async () => {
      const answers = await callTogether(
        service,
        Array.from({ length: 12 }, () => next(users, organizations)),
      );
      groups++;
      outcomes += answers.filter((answer) => answer === "applied" || answer === "stale").length;
    };
    const single = async () => {
      const { body, webhookId } = next(users, organizations);
      await callDirectly(service, body, webhookId);
    };
    const deletion = async () => {
      const [old] = users;
      users = [...users.slice(1), newId("user")];
      await callDirectly(
        service,
        sampleEvent("user.deleted", { data: { id: old } }),
        newId("msg"),
      );
      if (Math.random() < 0.2) {
        const [id] = organizations;
        organizations = [...organizations.slice(1), newId("org")];
        await callDirectly(
          service,
          sampleEvent("organization.deleted", { data: { id } }),
          newId("msg"),
        );
      }
    };
    const work = async (step: () => Promise<void>) => {
      while (performance.now() < endsAt) await step();
    };
    await Promise.all([group, group, group, single, single, deletion, deletion].map(work));
    assert.ok(groups > 20, `${groups} groups`);
    assert.equal(outcomes, groups * 12, "every event of every group was processed");
  }
  assert.equal(await countDeadlocks(mirror), deadlocks);
});
