/** Runs of backfills and reconciliations: one is open at a time, and leased to one worker at a time. */
import assert from "node:assert/strict";
import { countRows, openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";

type Client = ReturnType<OwnMirror["asService"]>;

const LEASE = 60;

// deno-lint-ignore no-explicit-any
type Answer = any;

async function begin(
  client: Client,
  { kind = "reconcile", askedBy = "request", seconds = LEASE, options = {} } = {},
): Promise<Answer> {
  const { data, error } = await client.rpc("begin_run", {
    kind,
    asked_by: askedBy,
    is_repair: false,
    options,
    lease_seconds: seconds,
  });
  assert.equal(error, null);
  return data;
}

async function take(client: Client, seconds = LEASE): Promise<Answer> {
  const { data, error } = await client.rpc("take_run", { lease_seconds: seconds });
  assert.equal(error, null);
  return data;
}

async function keep(client: Client, { run, lease }: Answer, step: number): Promise<boolean> {
  const { data, error } = await client.rpc("keep_run", {
    run_id: run.id,
    run_lease: lease,
    lease_seconds: LEASE,
    progress: { step },
    results: [],
  });
  assert.equal(error, null);
  return data ?? false;
}

async function conclude(
  client: Client,
  { run, lease }: Answer,
  reason?: string,
): Promise<boolean> {
  const { data, error } = await client.rpc("conclude_run", {
    run_id: run.id,
    run_lease: lease,
    results: [],
    ...(reason === undefined ? {} : { reason }),
  });
  assert.equal(error, null);
  return data ?? false;
}

async function read(client: Client): Promise<Answer[]> {
  const { data, error } = await client.rpc("read_runs");
  assert.equal(error, null);
  return Array.isArray(data) ? data : [];
}

/** Lets the lease of the open run have run out so long ago. */
async function expire({ sql }: OwnMirror, ago: string): Promise<void> {
  await sql`update clerk_sync.runs set lease_until = now() - ${ago}::interval where state = 'open'`;
}

Deno.test("begin_run() opens one run, however many callers race, and shows it to the others", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  const answers = await Promise.all(
    Array.from(
      { length: 12 },
      (_, index) => begin(client, { kind: index % 2 ? "backfill" : "reconcile" }),
    ),
  );
  const opened = answers.filter(({ is_new }) => is_new);
  assert.equal(opened.length, 1);
  for (const { run, lease, is_new } of answers) {
    assert.equal(run.id, opened[0].run.id);
    assert.equal(run.kind, opened[0].run.kind);
    assert.equal(lease !== undefined, is_new, "nobody else is given the lease");
    assert.equal(run.lease, undefined);
  }
  await assert.rejects(
    async () =>
      await mirror
        .sql`insert into clerk_sync.runs (kind, asked_by, is_repair) values ('backfill', 'request', true)`,
    /runs_open_key/,
  );
});

Deno.test("take_run() leases a run to one worker at a time, and whoever lost the lease writes nothing", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  assert.equal(await take(client), null, "no run is open");
  const first = await begin(client);
  assert.equal((await take(client)).lease, undefined, "somebody works on it");
  assert.equal(await keep(client, first, 1), true);

  await expire(mirror, "1 second");
  const takers = await Promise.all(Array.from({ length: 8 }, () => take(client)));
  const [second, ...others] = takers.filter(({ lease }) => lease !== undefined);
  assert.equal(others.length, 0);
  assert.deepEqual(second.progress, { step: 1 }, "it goes on where the first was");

  assert.equal(await keep(client, first, 2), false, "who has lost the lease keeps nothing");
  assert.equal(await conclude(client, first), false);
  const { data: isReleased } = await client.rpc("release_run", {
    run_id: first.run.id,
    run_lease: first.lease,
  });
  assert.equal(isReleased, false);
  assert.equal(await keep(client, second, 3), true);
  assert.equal(await conclude(client, second), true);
  assert.equal(await keep(client, second, 4), false, "a closed run is kept no more");
  const [run] = await read(client);
  assert.deepEqual([run.state, run.slice_count, run.is_leased], ["done", 2, false]);
  assert.deepEqual([run.lease, run.progress], [undefined, undefined]);
});

Deno.test("release_run() postpones a run and records why, until it makes progress again", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  const first = await begin(client);
  const release = (taken: Answer, reason: string, delay_seconds: number) =>
    client.rpc("release_run", {
      run_id: taken.run.id,
      run_lease: taken.lease,
      reason,
      delay_seconds,
    });
  await release(first, "Clerk answers 503", 0);
  const second = await take(client);
  assert.deepEqual([second.run.failure_count, second.run.error], [1, "Clerk answers 503"]);
  await release(second, "Clerk answers 429", 300);
  const busy = await take(client);
  assert.equal(busy.lease, undefined, "it is put off");
  assert.deepEqual([busy.run.is_leased, busy.run.failure_count], [true, 2]);
  await expire(mirror, "1 second");
  const third = await take(client);
  await keep(client, third, 1);
  const [run] = await read(client);
  assert.deepEqual([run.failure_count, run.error], [0, null], "it goes on");
});

Deno.test("conclude_run() with a reason closes a run as failed, not as done, and keeps the reason", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  await conclude(client, await begin(client), "CLERK_SECRET_KEY is of another instance");
  const [run] = await read(client);
  assert.deepEqual([run.state, run.error], ["failed", "CLERK_SECRET_KEY is of another instance"]);
  assert.ok(Date.parse(run.ended_at) >= Date.parse(run.started_at));
  await assert.rejects(
    async () => await mirror.sql`update clerk_sync.runs set state = 'done', ended_at = null`,
    /runs_ended_at_check/,
  );
});

Deno.test("a command's run fails when its lease expires, and blocks nobody", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  const crashed = await begin(client, { askedBy: "command" });
  assert.equal((await begin(client, { askedBy: "command" })).is_new, false);
  assert.equal((await take(client)).lease, undefined, "it is the command's own");

  await expire(mirror, "1 second");
  assert.equal(await take(client), null, "nobody goes on with it");
  const [left] = await read(client);
  assert.deepEqual([left.id, left.state], [crashed.run.id, "failed"]);
  assert.match(left.error, /Nothing continued it/);
  assert.equal(await keep(client, crashed, 1), false);

  await begin(client, { askedBy: "command" });
  await expire(mirror, "1 second");
  assert.equal((await begin(client, { askedBy: "command" })).is_new, true);
});

Deno.test("a command replaces a function's run whose lease expired a quarter of an hour ago", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  const { run } = await begin(client, { askedBy: "schedule" });
  await expire(mirror, "14 minutes");
  assert.equal((await begin(client, { askedBy: "command" })).run.id, run.id);
  await expire(mirror, "16 minutes");
  assert.equal((await begin(client, { askedBy: "request" })).run.id, run.id, "it would go on");
  assert.equal((await begin(client, { askedBy: "command" })).is_new, true);
  assert.equal((await read(client)).find(({ id }) => id === run.id).state, "failed");
});

Deno.test("a new run deletes all but the last hundred of its kind", async () => {
  await using mirror = await openOwnMirror();
  const client = mirror.asService();
  await mirror.sql`
    insert into clerk_sync.runs (kind, asked_by, is_repair, state, ended_at)
    select kind, 'schedule', true, 'done', now()
    from unnest(array['backfill', 'reconcile']) as kind, generate_series(1, 130)
  `;
  const { run } = await begin(client);
  const kept = await mirror.sql`
    select kind, count(*)::integer as count, max(id)::integer as newest
    from clerk_sync.runs group by kind order by kind
  `;
  assert.deepEqual(kept.map(({ kind, count }) => [kind, count]), [
    ["backfill", 130],
    ["reconcile", 100],
  ]);
  assert.equal(kept[1]?.newest, run.id);
  const { data } = await client.rpc("read_runs", { kind: "backfill", page_size: 3 });
  assert.equal(Array.isArray(data) && data.length, 3);
});

Deno.test("begin_run(), take_run() and read_runs() are refused to anon and to users", async () => {
  await using mirror = await openOwnMirror();
  await begin(mirror.asService());
  for (const client of [mirror.asAnon(), mirror.asUser("user_1")]) {
    for (
      const { error } of [
        await client.rpc("begin_run", {
          kind: "backfill",
          asked_by: "request",
          is_repair: false,
          options: {},
          lease_seconds: LEASE,
        }),
        await client.rpc("take_run", { lease_seconds: 1 }),
        await client.rpc("read_runs"),
      ]
    ) assert.equal(error?.code, "42501");
  }
  assert.equal(await countRows(mirror, "clerk_sync.runs"), 1);
});
