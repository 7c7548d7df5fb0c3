import { compareVersions } from "../_shared/compare_versions.ts";
import { keepAlive } from "../_shared/keep_alive.ts";
import { RELEASE } from "../_shared/release.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { readDatabaseRelease } from "./database_release.ts";

/** How often the query is retried if there is no answer. */
const MAX_ATTEMPTS = 3;

/** What the log says if the function and the database have different releases. */
interface Difference {
  release: string;
  /** Null if the database is older than the first release that records it. */
  database_release: string | null;
  notice: string;
}

/**
 * Creates a function that asks the database for its release, once per isolate, and logs a line if it differs
 * from this code's. The two work together one release apart: the line is for people. It runs while no request
 * is waiting for it, and failures don't matter.
 *
 * @param log Receives the line, JSON with `release`, `database_release` and `notice`.
 */
export function createReleaseCheck(env: SupabaseEnv, log: (line: string) => void): () => void {
  let attempts = 0;
  let isAnswered = false;
  let isUnderWay = false;

  async function check(): Promise<void> {
    isUnderWay = true;
    attempts++;
    try {
      // The webhook's response goes first.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const { release, database, isUnknown } = await readDatabaseRelease(env);
      // Without an answer, the next call asks again.
      isAnswered = database === "reachable" || isUnknown;
      const difference = isAnswered ? compareReleases(RELEASE, release) : undefined;
      if (difference) log(JSON.stringify(difference));
    } finally {
      isUnderWay = false;
    }
  }

  return () => {
    if (!isAnswered && !isUnderWay && attempts < MAX_ATTEMPTS) keepAlive(check());
  };
}

function compareReleases(release: string, databaseRelease: string | null): Difference | undefined {
  if (databaseRelease === release) return undefined;
  const isOlder = databaseRelease === null || compareVersions(databaseRelease, release) < 0;
  return {
    release,
    database_release: databaseRelease,
    notice: isOlder
      ? "The database has an earlier release than this function: apply the mirror's later migrations"
      : "This function has an earlier release than the database: deploy the mirror's functions again",
  };
}
