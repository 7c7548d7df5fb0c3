import type postgres from "postgres";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { INSTALLED_NAMING } from "../sql/installed_naming.ts";

/** A connection to a project's database. */
export interface ProjectDatabase {
  /** Runs one statement that only reads. */
  query(sql: string): Promise<postgres.Row[]>;
  close(): Promise<void>;
}

/** What a database has of the mirror. */
export type DatabaseState =
  | { mirror: "none" }
  /** Part of it, without the end of an installation. */
  | { mirror: "half" }
  | { mirror: "installed"; version: string; naming: Naming };

/** Seconds to wait for a database that doesn't respond. */
const CONNECT_TIMEOUT = 10;

/**
 * Connects to a database, given by `--db-url`.
 *
 * @throws {Error} with a sentence, if it can't be reached.
 */
export async function openDatabase(url: string): Promise<ProjectDatabase> {
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    throw new Error('"--db-url" is not a connection string: it begins with "postgresql://"');
  }
  // Few commands need it, so it is only loaded here.
  const { default: connect } = await import("postgres");
  const sql = tryToConnect(() =>
    connect(url, { max: 1, onnotice: () => {}, connect_timeout: CONNECT_TIMEOUT })
  );
  try {
    await sql`select`;
  } catch (cause) {
    await sql.end({ timeout: 1 });
    throw new Error(`The database of "--db-url" can't be reached: ${describe(cause)}`, { cause });
  }
  return {
    query: async (text) => [...await sql.begin("read only", (one) => one.unsafe(text))],
    close: () => sql.end({ timeout: 1 }),
  };
}

function tryToConnect(connect: () => postgres.Sql): postgres.Sql {
  try {
    return connect();
  } catch (cause) {
    throw new Error(`"--db-url" is not a connection string: ${describe(cause)}`, { cause });
  }
}

/** A refused connection has several causes, and no message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join(", ");
  return error instanceof Error ? error.message : String(error);
}

/** Looks for the mirror in a database. */
export async function readDatabaseState({ query }: ProjectDatabase): Promise<DatabaseState> {
  const [there] = await query(`
    select
      to_regnamespace('clerk_sync') is not null as has_schema,
      to_regclass('clerk_sync.releases') is not null as has_releases`);
  if (there?.has_schema !== true) return { mirror: "none" };
  if (there.has_releases !== true) return { mirror: "half" };
  const [release] = await query(`
    select version from clerk_sync.releases
    order by string_to_array(version, '.')::integer[] desc limit 1`);
  const [named] = await query(INSTALLED_NAMING);
  if (release === undefined || named === undefined) return { mirror: "half" };
  return {
    mirror: "installed",
    version: String(release.version),
    naming: { schema: String(named.schema), prefix: String(named.prefix) },
  };
}

/** Versions of the migrations that a database has, as the Supabase CLI keeps them. */
export async function readAppliedVersions({ query }: ProjectDatabase): Promise<string[]> {
  const [there] = await query(
    "select to_regclass('supabase_migrations.schema_migrations') is not null as is_there",
  );
  if (there?.is_there !== true) return [];
  const rows = await query("select version from supabase_migrations.schema_migrations");
  return rows.map(({ version }) => String(version));
}
