/** Whether a page of a table's rows costs the same however large the table is. */
import type { Benchmark } from "./benchmark.ts";
import { type BenchDatabase, openBenchDatabase } from "./database.ts";
import { creationOf, fillPlainProfiles } from "./fill_plain_profiles.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";

/** Rows per page, as a reconciliation reads them. */
const PAGE_SIZE = 1_000;

const LONG = { many: 10_000_000, few: 100_000, rounds: 11, seconds: 1 };
const SHORT = { many: 10_000, few: 2_000, rounds: 1, seconds: 0.1 };

/** The cost of a page in a large table. */
export const pageBenchmark: Benchmark = {
  name: "page",
  async run({ isShort, log }) {
    const { many, few, rounds, seconds } = isShort ? SHORT : LONG;
    await using large = await openBenchDatabase();
    await using small = await openBenchDatabase();
    log(`filling a table with ${many} rows, and another with ${few}`);
    await fillPlainProfiles(large, many);
    await fillPlainProfiles(small, few);
    const time = async (read: () => Promise<unknown>) =>
      1000 / await measureRate({ callers: 1, seconds }, read);
    const [ours, reference] = [pageReader(large, many), pageReader(small, few)];
    log("reading pages of both in turn");
    return [{
      what: `a page of ${PAGE_SIZE.toLocaleString("en")} rows, of ${many.toLocaleString("en")}`,
      against: `of ${few.toLocaleString("en")}`,
      unit: "ms",
      target: { atMost: 1.3 },
      ...await compareInRounds(rounds, {
        ours: () => time(ours),
        reference: () => time(reference),
      }),
    }];
  },
};

/** Reads one page after another, each from a random place in the table. */
function pageReader(database: BenchDatabase, rows: number): () => Promise<unknown> {
  const sql = database.connect({ role: "service_role", connections: 1 });
  return async () => {
    const after = creationOf(Math.floor(Math.random() * (rows - PAGE_SIZE - 1)));
    const [row] = await sql`
      select public.read_mirrored_objects('profiles', ${after}, '~', ${PAGE_SIZE}) as page`;
    if (row?.page.length !== PAGE_SIZE) throw new Error("The page is not full");
    return row.page;
  };
}
