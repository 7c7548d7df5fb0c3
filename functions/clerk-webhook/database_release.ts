import { createSupabase } from "../_shared/supabase.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { isUnknownFunction } from "./errors.ts";
import { isRecord } from "./json.ts";

/** Milliseconds that the query may take: Postgres gives up after 5 s on its own. */
const TIMEOUT = 5_000;

/** What the REST API answers to a key from another project, or to a wrong URL. */
const REFUSED = [401, 403, 404, 406];

/** The state of the database. */
export interface DatabaseRelease {
  /**
   * - `reachable`: it answered
   * - `unreachable`: it didn't, or said that it can't now
   * - `misconfigured`: it refused the key, or the mirror isn't there under the expected names
   */
  database: "reachable" | "unreachable" | "misconfigured";
  /** Null if it didn't say. */
  release: string | null;
  /**
   * Whether it has no releases: the mirror isn't there, or is older than the first release that records them.
   */
  isUnknown: boolean;
}

/** Asks the database which release of the mirror it has. Never throws. */
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
