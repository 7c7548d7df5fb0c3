import pRetry from "p-retry";
import { type CallDatabaseInBulk, createDatabase } from "../../functions/clerk-webhook/database.ts";
import { Inapplicable, Unavailable } from "../../functions/clerk-webhook/errors.ts";
import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";

/** After the first attempt: a restart of the database takes less than the pauses sum up to. */
const RETRIES = 10;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 20_000;

/**
 * The ingest function's own way to the database, for work that nobody sends again: what passes is
 * tried again.
 *
 * @param onPause Hears of every attempt that failed and is made again.
 * @throws {Error} if the project does not answer as one that has the mirror's migrations.
 */
export async function connectPatiently(
  project: SupabaseEnv,
  onPause: (reason: string) => void = () => {},
): Promise<CallDatabaseInBulk> {
  const database = createDatabase(project);
  try {
    await database({ rpc: "read_backfill_cursors", args: {} });
  } catch (error) {
    throw new Error(`The project can't be used: ${describe(error)}`, { cause: error });
  }
  return (call) =>
    pRetry(() => database(call), {
      retries: RETRIES,
      minTimeout: FIRST_PAUSE,
      maxTimeout: LONGEST_PAUSE,
      randomize: true,
      shouldRetry: ({ error }) => !(error instanceof Inapplicable),
      onFailedAttempt({ error, retriesLeft }) {
        if (retriesLeft > 0 && !(error instanceof Inapplicable)) onPause(describe(error));
      },
    });
}

function describe(error: unknown): string {
  const cause = error instanceof Unavailable ? error.cause : error;
  const message = typeof cause === "object" && cause !== null && "message" in cause
    ? cause.message
    : cause;
  return `the database says: ${message}`;
}
