import { createSupabase } from "../_shared/supabase.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { isUnknownFunction } from "./errors.ts";
import { isRecord } from "./json.ts";

/** Milliseconds that the question may take: Postgres gives up after 5 s by itself. */
const TIMEOUT = 5_000;

/** What the REST API answers to a key that is not the project's, or a wrong address. */
const REFUSED = [401, 403, 404, 406];

/** How the database was found. */
export interface DatabaseRelease {
  /**
   * - `reachable`: it answered
   * - `unreachable`: it did not, or said that it can't now
   * - `misconfigured`: it refused the key, or the mirror is not there under the names that are known here
   */
  database: "reachable" | "unreachable" | "misconfigured";
  /** Null where it did not tell. */
  release: string | null;
  /** Whether it knows of no releases: the mirror is not there, or older than the first that tells. */
  isUnknown: boolean;
}

/** Asks the database which release of the mirror it is of. Never throws. */
export async function readDatabaseRelease(env: SupabaseEnv): Promise<DatabaseRelease> {
  try {
    const { data, error, status } = await createSupabase(env)
      .rpc("read_release")
      .abortSignal(AbortSignal.timeout(TIMEOUT));
    if (error === null) {
      const release = isRecord(data) && typeof data.version === "string" ? data.version : null;
      return { database: "reachable", release, isUnknown: release === null };
    }
    const isUnknown = isUnknownFunction(error.code);
    const isRefused = isUnknown || REFUSED.includes(status);
    return { database: isRefused ? "misconfigured" : "unreachable", release: null, isUnknown };
  } catch {
    return { database: "unreachable", release: null, isUnknown: false };
  }
}
