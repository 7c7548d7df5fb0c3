/** Reads under row level security, against the owner's same query with the predicate written by hand. */
import type { Benchmark, Comparison } from "./benchmark.ts";
import { type BenchDatabase, openBenchDatabase, type Sql } from "./database.ts";
import { Filler } from "./fill.ts";
import { measureRate } from "./measure_rate.ts";
import { compareInRounds } from "./rounds.ts";

/** A query as a client sends it, and the predicate that its policies stand for. */
interface Read {
  what: string;
  query: string;
  /** `$1` is the caller. */
  predicate: string;
}

/** The second one as PostgREST asks for `name, organization_memberships(first_name, last_name, role)`. */
const READS: Read[] = [
  {
    what: "own profile",
    query: "select profiles.* from public.profiles",
    predicate: "profiles.id = $1",
  },
  {
    what: "my organizations with their members",
    query: `
      select organizations.name, coalesce(members.list, '[]') as organization_memberships
      from public.organizations
      left join lateral (
        select json_agg(member) as list
        from (
          select memberships.first_name, memberships.last_name, memberships.role
          from public.organization_memberships as memberships
          where memberships.organization_id = organizations.id
        ) as member
      ) as members on true`,
    predicate: `organizations.id in (
      select mine.organization_id from public.organization_memberships as mine where mine.user_id = $1
    )`,
  },
];

/** Queries without parameters as well, which the driver would otherwise send as text each time. */
const PREPARED = { prepare: true, simple: false };

/** How long clients wait for their own rows. */
export const rlsBenchmark: Benchmark = {
  name: "rls",
  async run({ isShort, showsPlans, log }) {
    const rows = isShort ? 10_000 : 1_000_000;
    const [rounds, seconds] = isShort ? [1, 0.1] : [15, 0.5];
    await using database = await openBenchDatabase();
    log(`filling profiles and memberships with ${rows} rows`);
    const filler = await Filler.on(database.owner);
    const [userId = ""] = await filler.profiles(rows, 3);
    await filler.memberships(rows);
    const user = connectAs(database, userId);

    const comparisons: Comparison[] = [];
    for (const read of READS) {
      await assertSameRows(user, database.owner, read, userId);
      const plan = await explain(user, read.query);
      if (showsPlans) log(`${read.what}\n${plan}`);
      if (plan.includes("Seq Scan")) throw new Error(`${read.what} reads a whole table:\n${plan}`);
      const byHand = `${read.query} where ${read.predicate}`;
      const milliseconds = async (sql: Sql, query: string, parameters: string[]) =>
        1000 / await measureRate(
          { callers: 1, seconds },
          () => sql.unsafe(query, parameters, PREPARED),
        );
      comparisons.push({
        what: `${read.what}, at ${rows.toLocaleString("en")} profiles and memberships`,
        against: "the owner, predicate by hand",
        unit: "ms",
        target: { atMost: 1.2 },
        ...await compareInRounds(rounds, {
          ours: () => milliseconds(user, read.query, []),
          reference: () => milliseconds(database.owner, byHand, [userId]),
        }),
      });
    }
    return comparisons;
  },
};

/** As a signed-in user, with the claims where Supabase's API puts them. */
function connectAs({ connect }: BenchDatabase, userId: string): Sql {
  const claims = JSON.stringify({ sub: userId, role: "authenticated" });
  return connect({
    role: "authenticated",
    connections: 1,
    settings: { "request.jwt.claims": claims },
  });
}

async function explain(sql: Sql, query: string): Promise<string> {
  const lines = await sql.unsafe(`explain (analyze, buffers) ${query}`);
  return lines.map((line) => line["QUERY PLAN"]).join("\n");
}

/** Comparing two queries with different results would say nothing. */
async function assertSameRows(user: Sql, owner: Sql, read: Read, userId: string): Promise<void> {
  const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort().join("\n");
  const ours = sorted(await user.unsafe(read.query));
  const byHand = await owner.unsafe(`${read.query} where ${read.predicate}`, [userId]);
  if (ours === "" || ours !== sorted(byHand)) throw new Error(`${read.what}: the rows differ`);
}
