import postgres from "postgres";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { readContents } from "./contents.ts";
import { renderRelease } from "./render_migration.ts";

/** Applies the releases that a database is missing, each completely or not at all. */
export async function applyContents(databaseUrl: string, naming: Naming): Promise<void> {
  const { releases } = await readContents();
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const known = await knownReleases(sql);
    for (const { version } of releases) {
      if (known.has(version)) continue;
      await sql.begin((transaction) =>
        transaction.unsafe(renderRelease(releases, version, naming)).simple()
      );
    }
  } finally {
    await sql.end();
  }
}

async function knownReleases(sql: postgres.Sql): Promise<Set<string>> {
  const [found] = await sql`select to_regclass('clerk_sync.releases') is not null as is_there`;
  if (found?.is_there !== true) return new Set();
  const rows = await sql`select version from clerk_sync.releases`;
  return new Set(rows.map(({ version }) => String(version)));
}
