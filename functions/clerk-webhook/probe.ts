import { RELEASE } from "../_shared/release.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { readDatabaseRelease } from "./database_release.ts";
import { isRecord } from "./json.ts";

/** The type of a message that asks how the function is. Clerk has none of such a name. */
export const PROBE_TYPE = "clerk_mirror.probe";

/** What a probe is told besides the outcome, which is `ignored`. */
export interface ProbeAnswer {
  /** Of the function's code. */
  release: string;
  /** The function's clock, in ISO 8601. */
  now: string;
  /** How the function finds the database, as {@link readDatabaseRelease} says. */
  database: "reachable" | "unreachable" | "misconfigured";
  /** Null where the database did not tell. */
  database_release: string | null;
}

/** Whether a verified body asks how the function is. */
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
