import type { BenchDatabase } from "./database.ts";

/** Rows per statement. */
const BATCH = 1_000_000;

/** Inserts users with little more than their creation times: one per second. */
export async function fillPlainProfiles({ owner }: BenchDatabase, rows: number): Promise<void> {
  const beginning = creationOf(0);
  for (let first = 0; first < rows; first += BATCH) {
    await owner`
      insert into public.profiles (id, created_at, updated_at, version)
      select
        'user_' || md5(number::text), at, at, row(at, '-infinity', '')::clerk_sync.version
      from
        generate_series(${first}::bigint, ${Math.min(first + BATCH, rows)}::bigint - 1) as number,
        lateral (select ${beginning}::timestamptz + make_interval(secs => number)) as times (at)`;
  }
  await owner`vacuum (freeze, analyze) public.profiles`;
}

/** When the user with this number was created. */
export function creationOf(number: number): string {
  return new Date(Date.UTC(2020, 0, 1) + number * 1000).toISOString();
}
