/** One user.updated event: the mirror's call against two plain writes, in one call and in three. */
import { newId } from "../development/events/new_id.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { callUpsertProfiles } from "./call_upsert_profiles.ts";
import { type BenchDatabase, openBenchDatabase, type Sql } from "./database.ts";
import { startDelayingProxy } from "./delaying_proxy.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";
import { type UserUpdate, userUpdates } from "./user_updates.ts";

/** Users that the events are about, in turn. */
const USERS = 3000;

/** Milliseconds of the simulated network, round trip. */
const ROUND_TRIP = 1;

interface Setup {
  database: BenchDatabase;
  next: () => UserUpdate;
  rounds: number;
  seconds: number;
}

/** The rate of user.updated. */
export const eventBenchmark: Benchmark = {
  name: "event",
  async run({ isShort, log }) {
    await using database = await openBenchDatabase();
    for (const file of ["plain_tables.sql", "plain_upsert.sql"]) {
      await database.owner.unsafe(await Deno.readTextFile(new URL(file, import.meta.url)));
    }
    const userIds = Array.from({ length: isShort ? 100 : USERS }, () => newId("user"));
    const setup = {
      database,
      next: userUpdates(userIds),
      ...(isShort ? { rounds: 1, seconds: 0.1 } : { rounds: 11, seconds: 1 }),
    };
    await writeAll(setup, userIds.length);

    log("side by side with a function that does nothing but the two writes");
    const comparisons = [];
    for (const callers of [1, 16]) comparisons.push(await againstPlainFunction(setup, callers));
    log("over a network, side by side with three statements");
    return [...comparisons, ...await againstStatements(setup)];
  },
};

/** Every user exists before anything is measured, on both sides. */
async function writeAll({ database, next }: Setup, users: number): Promise<void> {
  const sql = database.connect({ role: "service_role", connections: 1 });
  for (const schema of ["public", "plain"] as const) {
    for (let user = 0; user < users; user++) await callUpsertProfiles(sql, schema, next());
  }
  await database.owner`vacuum analyze`;
}

async function againstPlainFunction(setup: Setup, callers: number): Promise<Comparison> {
  const { database, next, rounds, seconds } = setup;
  const sql = database.connect({ role: "service_role", connections: callers });
  const rate = (schema: "public" | "plain") =>
    measureRate({ callers, seconds }, () => callUpsertProfiles(sql, schema, next()));
  return {
    what: `user.updated, ${callers === 1 ? "1 connection" : `${callers} connections`}`,
    against: "a function with the two writes only",
    unit: "events/s",
    target: { atLeast: 0.8 },
    ...await compareInRounds(rounds, {
      ours: () => rate("public"),
      reference: () => rate("plain"),
    }),
  };
}

async function againstStatements(setup: Setup): Promise<Comparison[]> {
  const { database, next, rounds, seconds } = setup;
  using proxy = await startDelayingProxy({
    to: database.stack.postgres.port,
    delay: ROUND_TRIP / 2,
  });
  const near = database.connect({ role: "service_role", connections: 1 });
  const far = database.connect({ role: "service_role", connections: 1, port: proxy.port });
  const callers = 1;
  const roundTrip = async (sql: Sql) =>
    1000 / await measureRate({ callers, seconds }, () => sql`select 1`);

  const comparisons = [
    {
      what: "user.updated over a network of 1 ms, 1 connection",
      against: "look up, write, record: three statements",
      unit: "events/s",
      target: { atLeast: 2 },
      ...await compareInRounds(rounds, {
        ours: () =>
          measureRate({ callers, seconds }, () => callUpsertProfiles(far, "public", next())),
        reference: () => measureRate({ callers, seconds }, () => writeInStatements(far, next())),
      }),
    },
    {
      what: "“select 1” over that network",
      against: "without it",
      unit: "ms",
      ...await compareInRounds(rounds, {
        ours: () => roundTrip(far),
        reference: () => roundTrip(near),
      }),
    },
  ];
  await far.end();
  return comparisons;
}

/** As the public guides do it: look whether it was processed, write, record that it was. */
async function writeInStatements(sql: Sql, update: UserUpdate): Promise<void> {
  const { profiles: [profile], webhook } = update;
  const [known] = await sql`select id from plain.webhook_events where id = ${webhook.id}`;
  if (known !== undefined || profile === undefined) return;
  const columns = Object.keys(profile);
  await sql.unsafe(
    `insert into plain.profiles (${columns.join(", ")}, synced_at, version)
    select ${columns.join(", ")}, $2::timestamptz,
      row(updated_at, $2::timestamptz, $3::text)::clerk_sync.version
    from jsonb_populate_record(null::plain.profiles, $1::jsonb)
    on conflict (id) do update set
      ${columns.map((column) => `${column} = excluded.${column}`).join(", ")},
      synced_at = excluded.synced_at, version = excluded.version`,
    [JSON.stringify(profile), webhook.occurred_at, webhook.id],
    { prepare: true },
  );
  await sql`
    insert into plain.webhook_events (id, type, object_id, occurred_at)
    values (${webhook.id}, ${webhook.type}, ${webhook.object_id}, ${webhook.occurred_at})`;
}
