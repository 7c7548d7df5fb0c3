/** How an event's rate changes as the tables grow, and while the ledger's rows expire. */
import type { Benchmark, Comparison } from "./benchmark.ts";
import { callUpsertProfiles } from "./call_upsert_profiles.ts";
import { type BenchDatabase, openBenchDatabase, type Sql } from "./database.ts";
import { Filler } from "./fill.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";
import { type UserUpdate, userUpdates } from "./user_updates.ts";

/** The database with empty tables, next to the one that is filled. */
const EMPTY = "empty";

/**
 * How often each user is updated for one figure of WAL. Pages fill up with old versions of their rows; then
 * some rows move to other pages, which writes more. A single pass would catch one or the other.
 */
const PASSES = 5;

/** Days that the ledger reaches back: nothing in it expires during the measurement. */
const DAYS = 89;

const LONG = {
  events: 10_000_000,
  profiles: 1_000_000,
  /** Of the profiles: those that the events are about, in turn. */
  users: 3000,
  /** More than the ledger accepts in a day: none of them may be missing at the end. */
  expiring: 200_000,
  rounds: 11,
  walRounds: 3,
  seconds: 1.5,
};
const SHORT: typeof LONG = {
  events: 20_000,
  profiles: 2_000,
  users: 50,
  expiring: 20_000,
  rounds: 1,
  walRounds: 1,
  seconds: 0.1,
};

interface Setup {
  database: BenchDatabase;
  size: typeof LONG;
  /** What the filled tables are called in the results. */
  grown: string;
  full: Sql;
  empty: Sql;
}

/** The cost of user.updated in large tables. */
export const growthBenchmark: Benchmark = {
  name: "growth",
  async run({ isShort, log }) {
    const size = isShort ? SHORT : LONG;
    await using database = await openBenchDatabase();
    await database.copyTo(EMPTY);
    log(`filling the ledger with ${size.events} rows and the profiles with ${size.profiles}`);
    const filler = await Filler.on(database.owner);
    await filler.webhookEvents(size.events, { from: DAYS, to: 0.01 });
    const userIds = await filler.profiles(size.profiles, size.users);
    await settle(database);

    const pool = { role: "service_role", connections: 1 } as const;
    const setup = {
      database,
      size,
      grown: `${format(size.events)} ledger rows, ${format(size.profiles)} profiles`,
      full: database.connect(pool),
      empty: database.connect({ ...pool, database: EMPTY }),
    };
    log("rates and WAL");
    const comparisons = [
      await compareRates(setup, userIds),
      ...await compareWal(setup, userIds),
    ];
    log("expiring a day's worth of rows");
    await filler.webhookEvents(size.expiring, { from: 92, to: 91 });
    await settle(database);
    return [...comparisons, await compareExpiry(setup, userIds)];
  },
};

/** Everything that filling leaves behind is finished first, so that none of it disturbs a measurement. */
async function settle({ owner }: BenchDatabase): Promise<void> {
  await owner`vacuum (freeze, analyze) clerk_sync.webhook_events`;
  await owner`vacuum (freeze, analyze) public.profiles`;
}

async function compareRates(
  { size, grown, full, empty }: Setup,
  userIds: string[],
): Promise<Comparison> {
  const next = userUpdates(userIds);
  for (const sql of [full, empty]) await apply(sql, next, userIds.length);
  const rate = (sql: Sql) =>
    measureRate(
      { callers: 1, seconds: size.seconds },
      () => callUpsertProfiles(sql, "public", next()),
    );
  return {
    what: `user.updated at ${grown}`,
    against: "at empty tables",
    unit: "events/s",
    target: { atLeast: 0.95 },
    ...await compareInRounds(size.rounds, { ours: () => rate(full), reference: () => rate(empty) }),
  };
}

/**
 * The first change of a page after a checkpoint writes the whole page to the WAL, in any table. What repeats
 * is what comes after: each user was changed since the checkpoint. The other line includes it all.
 */
async function compareWal(setup: Setup, userIds: string[]): Promise<Comparison[]> {
  const { database, size, grown, full, empty } = setup;
  // The position is that of the whole server.
  await using _pause = await database.pauseAutovacuum();
  const next = userUpdates(userIds);
  const wal = async (sql: Sql, passes: number) => {
    const events = passes * userIds.length;
    const before = await walPosition(sql);
    await apply(sql, next, events);
    return (await walPosition(sql) - before) / events;
  };
  const what = `WAL of user.updated at ${grown}`;
  const [unit, against] = ["bytes/event", "at empty tables"];
  const afterCheckpoint = async (sql: Sql) => {
    await database.checkpoint();
    return await wal(sql, 1);
  };
  return [
    {
      what: `${what}, pages changed before`,
      against,
      unit,
      target: { atMost: 1.1 },
      ...await compareInRounds(size.walRounds, {
        ours: () => wal(full, PASSES),
        reference: () => wal(empty, PASSES),
      }),
    },
    {
      what: `${what}, after a checkpoint`,
      against,
      unit,
      ...await compareInRounds(size.walRounds, {
        ours: () => afterCheckpoint(full),
        reference: () => afterCheckpoint(empty),
      }),
    },
  ];
}

/** Sessions that know of nothing to expire leave the same rows alone in the same tables. */
async function compareExpiry(
  { database, size, full }: Setup,
  userIds: string[],
): Promise<Comparison> {
  const next = userUpdates(userIds);
  const pool = { role: "service_role", connections: 1 } as const;
  const rate = async (settings: Record<string, string>) => {
    const sql = database.connect({ ...pool, settings });
    await apply(sql, next, 10);
    const rate = await measureRate(
      { callers: 1, seconds: size.seconds },
      () => callUpsertProfiles(sql, "public", next()),
    );
    await sql.end();
    return rate;
  };
  const rates = await compareInRounds(size.rounds, {
    ours: () => rate({}),
    reference: () => rate({ "clerk_sync.ledger_expires_at": "infinity" }),
  });
  const [left] = await full`
    select from clerk_sync.webhook_events where received_at < now() - clerk_sync.ledger_retention()
    limit 1`;
  if (left === undefined) throw new Error("All rows had expired before the measurement was over");
  return {
    what: "user.updated while the ledger expires",
    against: "while nothing expires",
    unit: "events/s",
    target: { atLeast: 0.9 },
    ...rates,
  };
}

async function apply(sql: Sql, next: () => UserUpdate, events: number): Promise<void> {
  for (let event = 0; event < events; event++) await callUpsertProfiles(sql, "public", next());
}

/** Bytes of WAL written so far. */
async function walPosition(sql: Sql): Promise<number> {
  const [row] = await sql`select pg_current_wal_insert_lsn() - '0/0' as position`;
  return Number(row?.position);
}

function format(rows: number): string {
  return rows >= 1_000_000 ? `${rows / 1_000_000} million` : `${rows / 1000} thousand`;
}
