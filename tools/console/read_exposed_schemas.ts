import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";

/** Milliseconds. */
const TIMEOUT = 5_000;

/** No schema has this name. */
const NO_SCHEMA = "there is no such schema";

/**
 * The schemas that the project's API exposes. PostgREST lists them when asked for another one, and knows them
 * better than the database, which may not know them at all.
 *
 * @returns Undefined if it doesn't list them.
 */
export async function readExposedSchemas(
  { supabaseUrl, supabaseKey }: SupabaseEnv,
): Promise<string[] | undefined> {
  const response = await fetch(new URL("/rest/v1/", supabaseUrl), {
    headers: { apikey: supabaseKey, "accept-profile": NO_SCHEMA },
    signal: AbortSignal.timeout(TIMEOUT),
  }).catch(() => undefined);
  const answer: unknown = await response?.json().catch(() => undefined);
  if (!isRecord(answer) || answer.code !== "PGRST106") return undefined;
  const [, names] = /(?:schemas are exposed|one of the following): (.+)$/.exec(
    `${answer.hint ?? answer.message}`,
  ) ??
    [];
  return names?.split(",").map((name) => name.trim()).filter((name) => name !== "");
}
