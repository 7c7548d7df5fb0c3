/** docs/operations.md, executed: every SQL block does what the page says, in a mirror with troubles. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";
import { openOwnMirror } from "./helpers/mirror.ts";
import { addScheduleExtensions } from "./helpers/scheduler.ts";
import { recordReconciliation } from "./helpers/status.ts";
import { asSuperuser } from "./helpers/superuser.ts";

const text = await Deno.readTextFile(join(ROOT, "docs", "operations.md"));

/** The blocks of SQL, by what they begin with; those of lists are indented. */
const blocks = [...text.matchAll(/^( *)```sql\n(.*?)^\1```$/gms)].map(([, , code = ""]) => code);

Deno.test("every SQL block in docs/operations.md runs, and does what the page says", async (t) => {
  await using mirror = await openOwnMirror();
  await addScheduleExtensions(mirror);
  const { sql } = mirror;
  const used = new Set<string>();
  /** The block that has the words in it. */
  const block = (words: string): string => {
    const [found, ...more] = blocks.filter((code) => code.includes(words));
    assert.ok(found !== undefined && more.length === 0, `one block with "${words}"`);
    used.add(found);
    return found;
  };
  const run = (words: string) => sql.unsafe(block(words));

  await t.step("one row tells a monitor how the mirror is doing", async () => {
    const rows = await run("select * from clerk_sync.status;");
    assert.equal(rows.length, 1);
    assert.equal(rows[0]?.last_webhook_at, null);
  });

  await t.step("a monitor's role can read that row, and no table", async () => {
    await asSuperuser(mirror, async (owner) => {
      await owner.unsafe(block("create role"));
      await owner.unsafe("set role clerk_mirror_monitor");
      assert.equal((await owner`select from clerk_sync.status`).length, 1);
      await assert.rejects(owner`select from clerk_sync.runs`.execute(), /permission denied/);
      const { schema, prefix } = mirror.naming;
      const names = `${schema}.${prefix}`;
      for (const query of [`select ${names}read_status()`, `select from ${names}profiles`]) {
        await assert.rejects(owner.unsafe(query).execute(), /permission denied/, query);
      }
    });
  });

  await mirror.asService().rpc("register_effects", { handlers: ["welcome_email"] });
  await mirror.send(sampleEvent("user.created"));
  await recordReconciliation(mirror);

  await t.step("the alarms are silent while all is well, and each goes off", async () => {
    const alarms = async () => (await run("where dead_lettered_last_hour")).length;
    assert.equal(await alarms(), 0);
    await sql`update clerk_sync.outbox set due_at = now() - interval '2 hours'`;
    assert.equal(await alarms(), 1, "effects");
    await sql`update clerk_sync.outbox set due_at = now()`;
    await sql`update clerk_sync.runs set ended_at = now() - interval '9 days'`;
    assert.equal(await alarms(), 1, "no reconciliation");
    await recordReconciliation(mirror, { error: "Clerk answers 401" });
    await sql`update clerk_sync.runs set ended_at = now()`;
    assert.equal(await alarms(), 1, "a run that failed");
    await sql`delete from clerk_sync.runs where state = 'failed'`;
    assert.equal(await alarms(), 0);
    for (let count = 0; count < 2; count++) {
      await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
    }
    assert.equal(await alarms(), 1, "poison");
  });

  await t.step("dead letters are counted by reason", async () => {
    const rows = await run("from clerk_sync.dead_letters");
    assert.deepEqual(rows.map(({ type, count }) => [type, Number(count)]), [["user.created", 2]]);
    assert.match(rows[0]?.reason, /"data\.created_at" is invalid/);
  });

  await t.step("the schedule is set up and read", async () => {
    await run("clerk_sync.schedule('https://");
    const [row] = await run("clerk_sync.read_schedule()");
    assert.equal(row?.read_schedule.is_scheduled, true);
    assert.equal(row?.read_schedule.jobs.length, 3);
  });

  await t.step("runs are listed, and an open one is closed by hand", async () => {
    await mirror.asService().rpc("begin_run", {
      kind: "backfill",
      asked_by: "request",
      is_repair: true,
      options: {},
      lease_seconds: 60,
    });
    const states = async () => (await run("from clerk_sync.runs")).map(({ state }) => state);
    assert.deepEqual(await states(), ["open", "done"]);
    await run("'Given up by hand'");
    assert.deepEqual(await states(), ["failed", "done"]);
  });

  await t.step("effects are counted, and parked ones are retried", async () => {
    const counts = async () => {
      const [row] = await run("as given_up");
      return [row?.handler, Number(row?.queued), Number(row?.given_up)];
    };
    assert.deepEqual(await counts(), ["welcome_email", 1, 0]);
    await sql`update clerk_sync.outbox set parked_at = now(), attempts = 8, last_error = 'no'`;
    assert.deepEqual(await counts(), ["welcome_email", 0, 1]);
    await run("set parked_at = null");
    assert.deepEqual(await counts(), ["welcome_email", 1, 0]);
    const { data } = await mirror.asService().rpc("take_effects", {
      handlers: ["welcome_email"],
      batch_size: 1,
      lease_seconds: 1,
    });
    assert.equal(data?.length, 1);
  });

  await t.step("the ledger is pruned", async () => {
    const id = newId("msg", Date.now() - 100 * 86_400_000);
    await sql`
      insert into clerk_sync.webhook_events (id, type, object_id, occurred_at, received_at)
      values (${id}, 'user.updated', 'user_1', now(), now() - interval '100 days')`;
    const [row] = await run("clerk_sync.prune()");
    assert.equal(row?.prune.webhook_events, 1);
  });

  await t.step("no block is left untested", () => {
    assert.deepEqual(blocks.filter((code) => !used.has(code)), []);
  });
});
