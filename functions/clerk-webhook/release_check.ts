import { compareVersions } from "../_shared/compare_versions.ts";
import { keepAlive } from "../_shared/keep_alive.ts";
import { RELEASE } from "../_shared/release.ts";
import { createSupabase } from "../_shared/supabase.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { isRecord } from "./json.ts";

/** Milliseconds that the question may take. */
const TIMEOUT = 5_000;

/** How often it is asked where no answer comes. */
const MAX_ATTEMPTS = 3;

/** What the REST API and Postgres say where there is no such function: the database has no releases yet. */
const UNKNOWN_FUNCTION = ["PGRST202", "42883"];

/** What the log says where the function and the database are of different releases. */
interface Difference {
  release: string;
  /** Null where the database is older than the first release that tells. */
  database_release: string | null;
  notice: string;
}

/**
 * Makes a function that asks the database which release it is of, once per isolate, and writes a line if it
 * is another than this code's. Both work together one release apart: what the line says is for people.
 * It is asked while nobody waits for it, and failures do not matter.
 *
 * @param log Takes the line, JSON with `release`, `database_release` and `notice`.
 */
export function createReleaseCheck(env: SupabaseEnv, log: (line: string) => void): () => void {
  let attempts = 0;
  let isAnswered = false;
  let isUnderWay = false;

  async function check(): Promise<void> {
    isUnderWay = true;
    attempts++;
    try {
      // The answer to the webhook goes first.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const release = await readDatabaseRelease(env);
      isAnswered = release !== undefined;
      const difference = release === undefined ? undefined : compareReleases(RELEASE, release);
      if (difference) log(JSON.stringify(difference));
    } catch {
      // The next call asks again.
    } finally {
      isUnderWay = false;
    }
  }

  return () => {
    if (!isAnswered && !isUnderWay && attempts < MAX_ATTEMPTS) keepAlive(check());
  };
}

/** Null for a database that knows of no releases, undefined where there was no answer. */
async function readDatabaseRelease(env: SupabaseEnv): Promise<string | null | undefined> {
  const { data, error } = await createSupabase(env)
    .rpc("read_release")
    .abortSignal(AbortSignal.timeout(TIMEOUT));
  if (error !== null) return UNKNOWN_FUNCTION.includes(error.code) ? null : undefined;
  return isRecord(data) && typeof data.version === "string" ? data.version : null;
}

function compareReleases(release: string, databaseRelease: string | null): Difference | undefined {
  if (databaseRelease === release) return undefined;
  const isOlder = databaseRelease === null || compareVersions(databaseRelease, release) < 0;
  return {
    release,
    database_release: databaseRelease,
    notice: isOlder
      ? "The database is of an earlier release than this function: apply the mirror's later migrations"
      : "This function is of an earlier release than the database: deploy the mirror's functions again",
  };
}
