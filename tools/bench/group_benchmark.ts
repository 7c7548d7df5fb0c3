/** Groups of user.updated events, in Postgres alone, against two plain writes for each. */
import { newId } from "../development/events/new_id.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { callUpsertProfiles } from "./call_upsert_profiles.ts";
import { openBenchDatabase, type Sql } from "./database.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";
import { type UserUpdate, userUpdates } from "./user_updates.ts";

/** Users that the events are about, in turn. */
const USERS = 3000;

/** Connections of the reference, each with one event at a time. */
const SINGLE_CALLERS = 16;

/** How events are grouped: how many per group, and on how many connections. */
const GROUPINGS = [
  { size: 16, callers: 4, target: { atLeast: 1.5 } },
  { size: 64, callers: 1 },
  { size: 1, callers: 16 },
];

/** The rate of user.updated in groups. */
export const groupBenchmark: Benchmark = {
  name: "group",
  async run({ isShort, log }) {
    await using database = await openBenchDatabase();
    for (const file of ["plain_tables.sql", "plain_upsert.sql"]) {
      await database.owner.unsafe(await Deno.readTextFile(new URL(file, import.meta.url)));
    }
    const userIds = Array.from({ length: isShort ? 100 : USERS }, () => newId("user"));
    const next = userUpdates(userIds);
    const single = database.connect({ role: "service_role", connections: SINGLE_CALLERS });
    for (const schema of ["public", "plain"] as const) {
      await Promise.all(userIds.map(() => callUpsertProfiles(single, schema, next())));
    }
    await database.owner`vacuum analyze`;

    const comparisons: Comparison[] = [];
    const { rounds, seconds } = isShort ? { rounds: 1, seconds: 0.1 } : { rounds: 11, seconds: 1 };
    for (const { size, callers, target } of GROUPINGS) {
      log(`Groups of ${size} on ${callers} connections`);
      const grouped = database.connect({ role: "service_role", connections: callers });
      comparisons.push({
        what: `user.updated in groups of ${size}, ${callers} connections`,
        against: `a function with the two writes only, ${SINGLE_CALLERS} connections`,
        unit: "events/s",
        ...(target === undefined ? {} : { target }),
        ...await compareInRounds(rounds, {
          ours: async () =>
            size * await measureRate(
              { callers, seconds },
              () => applyGroup(grouped, Array.from({ length: size }, next)),
            ),
          reference: () =>
            measureRate(
              { callers: SINGLE_CALLERS, seconds },
              () => callUpsertProfiles(single, "plain", next()),
            ),
        }),
      });
    }
    return comparisons;
  },
};

/** Connections overtake each other, so some events are stale. */
async function applyGroup(sql: Sql, updates: UserUpdate[]): Promise<void> {
  const [row] = await sql.unsafe(
    "select public.apply_group($1::jsonb) as outcomes",
    [JSON.stringify(updates)],
    { prepare: true },
  );
  const outcomes: unknown[] = row?.outcomes;
  if (outcomes.some((outcome) => outcome !== "applied" && outcome !== "stale")) {
    throw new Error(`Not all were processed: ${JSON.stringify(outcomes)}`);
  }
}
