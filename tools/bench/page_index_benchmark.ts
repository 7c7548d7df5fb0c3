/** What the index for reading pages of the mirror costs an event. */
import { newId } from "../development/events/new_id.ts";
import type { Benchmark } from "./benchmark.ts";
import { callUpsertProfiles } from "./call_upsert_profiles.ts";
import { type BenchDatabase, openBenchDatabase } from "./database.ts";
import { fillPlainProfiles } from "./fill_plain_profiles.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";
import { userUpdates } from "./user_updates.ts";

/** The users are those that user.updated is about, in turn. */
const LONG = { profiles: 100_000, users: 3_000, rounds: 21, seconds: 0.5 };
const SHORT: typeof LONG = { profiles: 2_000, users: 100, rounds: 1, seconds: 0.1 };

/** The rate of events with the index, and without it. */
export const pageIndexBenchmark: Benchmark = {
  name: "page-index",
  async run({ isShort, log }) {
    const size = isShort ? SHORT : LONG;
    const { profiles, rounds } = size;
    await using indexed = await openBenchDatabase();
    await using plain = await openBenchDatabase();
    log(`events among ${profiles} users, with the index and without it`);
    await plain.owner`drop index public.profiles_creation_idx`;
    for (const database of [indexed, plain]) await fillPlainProfiles(database, profiles);
    const comparisons = [];
    for (const type of ["user.updated", "user.created"]) {
      const rate = (database: BenchDatabase) => rateOf(database, type, size);
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
  { users, seconds }: typeof LONG,
): Promise<() => Promise<number>> {
  const settings = { synchronous_commit: "off" };
  const sql = database.connect({ role: "service_role", connections: 1, settings });
  const ids = Array.from({ length: users }, () => newId("user"));
  const next = userUpdates(type === "user.updated" ? ids : []);
  // Updated users exist already.
  for (let user = 0; user < users; user++) await callUpsertProfiles(sql, "public", next());
  return () =>
    measureRate({ callers: 1, seconds }, () => callUpsertProfiles(sql, "public", next()));
}
