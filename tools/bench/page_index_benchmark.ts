/** What the index for reading pages of the mirror costs an event. */
import { newId } from "../development/events/new_id.ts";
import type { Benchmark } from "./benchmark.ts";
import { callUpsertProfiles } from "./call_upsert_profiles.ts";
import { type BenchDatabase, openBenchDatabase } from "./database.ts";
import { fillPlainProfiles } from "./fill_plain_profiles.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";
import { userUpdates } from "./user_updates.ts";

/** Users that user.updated is about, in turn. */
const USERS = 3_000;

const LONG = { profiles: 100_000, rounds: 21, seconds: 0.5 };
const SHORT = { profiles: 5_000, rounds: 3, seconds: 0.2 };

/** The rate of events with the index, and without it. */
export const pageIndexBenchmark: Benchmark = {
  name: "page-index",
  async run({ isShort, log }) {
    const { profiles, rounds, seconds } = isShort ? SHORT : LONG;
    await using indexed = await openBenchDatabase();
    await using plain = await openBenchDatabase();
    log(`events among ${profiles} users, with the index and without it`);
    await plain.owner`drop index public.profiles_creation_idx`;
    for (const database of [indexed, plain]) await fillPlainProfiles(database, profiles);
    const comparisons = [];
    for (const type of ["user.updated", "user.created"]) {
      const rate = (database: BenchDatabase) => rateOf(database, type, seconds);
      comparisons.push({
        what: `${type} with the index that pages are read by`,
        against: "without it",
        unit: "events/s",
        target: { atLeast: 0.95 },
        ...await compareInRounds(rounds, {
          ours: await rate(indexed),
          reference: await rate(plain),
        }),
      });
    }
    return comparisons;
  },
};

/** Commits don't wait for the disk, which makes the cost of an index more visible. */
async function rateOf(
  database: BenchDatabase,
  type: string,
  seconds: number,
): Promise<() => Promise<number>> {
  const settings = { synchronous_commit: "off" };
  const sql = database.connect({ role: "service_role", connections: 1, settings });
  const ids = Array.from({ length: USERS }, () => newId("user"));
  const next = userUpdates(type === "user.updated" ? ids : []);
  // Updated users exist already.
  for (let user = 0; user < USERS; user++) await callUpsertProfiles(sql, "public", next());
  return () =>
    measureRate({ callers: 1, seconds }, () => callUpsertProfiles(sql, "public", next()));
}
