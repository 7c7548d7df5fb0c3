/**
 * Whether a page of a table's rows costs the same however large the table is, and what the index that makes it
 * so costs an event.
 */
import { newId } from "../development/events/new_id.ts";
import type { Benchmark, Comparison } from "./benchmark.ts";
import { callUpsertProfiles } from "./call_upsert_profiles.ts";
import { type BenchDatabase, openBenchDatabase } from "./database.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";
import { userUpdates } from "./user_updates.ts";

/** Rows to a page, as a reconciliation reads them. */
const PAGE_SIZE = 1_000;

/** Rows to a statement. */
const BATCH = 1_000_000;

/** Users that user.updated is about, in turns. */
const USERS = 3_000;

const LONG = { many: 10_000_000, few: 100_000, rounds: 11, seconds: 1 };
const SHORT = { many: 50_000, few: 5_000, rounds: 3, seconds: 0.2 };

/** The cost of a page, and of what it is read by. */
export const pageBenchmark: Benchmark = {
  name: "page",
  async run({ isShort, log }) {
    const size = isShort ? SHORT : LONG;
    return [...await compareEvents(size, log), await comparePages(size, log)];
  },
};

async function comparePages(
  { many, few, rounds, seconds }: typeof LONG,
  log: (line: string) => void,
): Promise<Comparison> {
  await using large = await openBenchDatabase();
  await using small = await openBenchDatabase();
  log(`filling a table with ${many} rows, and another with ${few}`);
  await fill(large, many);
  await fill(small, few);
  const time = async (read: () => Promise<unknown>) =>
    1000 / await measureRate({ callers: 1, seconds }, read);
  const [ours, reference] = [pageReader(large, many), pageReader(small, few)];
  log("reading pages of both in turns");
  return {
    what: `a page of ${PAGE_SIZE.toLocaleString("en")} rows, of ${many.toLocaleString("en")}`,
    against: `of ${few.toLocaleString("en")}`,
    unit: "ms",
    target: { atMost: 1.3 },
    ...await compareInRounds(rounds, {
      ours: () => time(ours),
      reference: () => time(reference),
    }),
  };
}

/** The rate of events with the index, and without it. */
async function compareEvents(
  { few, rounds, seconds }: typeof LONG,
  log: (line: string) => void,
): Promise<Comparison[]> {
  await using indexed = await openBenchDatabase();
  await using plain = await openBenchDatabase();
  log(`events among ${few} users, with the index and without it`);
  await plain.owner`drop index public.profiles_creation_idx`;
  const comparisons = [];
  for (const database of [indexed, plain]) await fill(database, few);
  for (const type of ["user.updated", "user.created"]) {
    const rate = async (database: BenchDatabase) => {
      const sql = database.connect({ role: "service_role", connections: 1 });
      const ids = Array.from({ length: USERS }, () => newId("user"));
      const next = userUpdates(type === "user.updated" ? ids : []);
      // Whoever is updated exists.
      for (let user = 0; user < USERS; user++) await callUpsertProfiles(sql, "public", next());
      return () =>
        measureRate({ callers: 1, seconds }, () => callUpsertProfiles(sql, "public", next()));
    };
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
}

/** Users of whom little more is known than when they were created: one a second. */
async function fill({ owner }: BenchDatabase, rows: number): Promise<void> {
  for (let first = 0; first < rows; first += BATCH) {
    await owner`
      insert into public.profiles (id, created_at, updated_at, version)
      select
        'user_' || md5(number::text), at, at, row(at, '-infinity', '')::clerk_sync.version
      from
        generate_series(${first}::bigint, ${Math.min(first + BATCH, rows)}::bigint - 1) as number,
        lateral (select ${timeOf(0)}::timestamptz + make_interval(secs => number)) as times (at)`;
  }
  await owner`vacuum (freeze, analyze) public.profiles`;
}

function timeOf(number: number): string {
  return new Date(Date.UTC(2020, 0, 1) + number * 1000).toISOString();
}

/** Reads one page after the other, each from anywhere in the table. */
function pageReader(database: BenchDatabase, rows: number): () => Promise<unknown> {
  const sql = database.connect({ role: "service_role", connections: 1 });
  return async () => {
    const after = timeOf(Math.floor(Math.random() * (rows - PAGE_SIZE - 1)));
    const [row] = await sql`
      select public.read_mirrored_objects('profiles', ${after}, '~', ${PAGE_SIZE}) as page`;
    if (row?.page.length !== PAGE_SIZE) throw new Error("The page is not full");
    return row.page;
  };
}
