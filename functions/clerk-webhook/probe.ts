import { RELEASE } from "../_shared/release.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { readDatabaseRelease } from "./database_release.ts";
import { isRecord } from "./json.ts";

/** The type of a message that checks the function. Clerk has no event of that name. */
export const PROBE_TYPE = "clerk_mirror.probe";

/** What a probe gets back apart from the outcome, which is `ignored`. */
export interface ProbeAnswer {
  /** The release of the function's code. */
  release: string;
  /** The function's clock, in ISO 8601. */
  now: string;
  /** The state of the database as the function sees it; see {@link readDatabaseRelease}. */
  database: "reachable" | "unreachable" | "misconfigured";
  /** Null if the database didn't say. */
  database_release: string | null;
}

/** Whether a verified body is a probe. */
export function isProbe(body: unknown): boolean {
  return isRecord(body) && body.type === PROBE_TYPE;
}

/** Answers a probe: the database is asked for its release, and nothing is written. */
export async function answerProbe(env: SupabaseEnv): Promise<ProbeAnswer> {
  const { database, release } = await readDatabaseRelease(env);
  return {
    release: RELEASE,
    now: new Date().toISOString(),
    database,
    database_release: release,
  };
}
