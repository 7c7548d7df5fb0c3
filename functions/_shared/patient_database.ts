import pRetry from "p-retry";
import { type CallDatabaseInBulk, createDatabase } from "../clerk-webhook/database.ts";
import { Inapplicable, Unavailable } from "../clerk-webhook/errors.ts";
import type { SupabaseEnv } from "./supabase_env.ts";

/** After the first attempt: a restart of the database takes less than the pauses sum up to. */
const RETRIES = 10;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 20_000;

/** How patient to be. */
export interface Patience {
  /** Hears of every attempt that failed and is made again. */
  onPause?: (reason: string) => void;
  /** How often a call is made again; 10 times by default. */
  retries?: number;
}

/**
 * Looks whether the project can be used, and makes the way to its database.
 *
 * @throws {Error} if the project does not answer as one that has the mirror's migrations.
 */
export async function connectPatiently(
  project: SupabaseEnv,
  onPause: (reason: string) => void = () => {},
): Promise<CallDatabaseInBulk> {
  const database = createDatabase(project);
  try {
    await database({ rpc: "read_runs", args: { page_size: 0 } });
  } catch (error) {
    throw new Error(`The project can't be used: ${describeTrouble(error)}`, { cause: error });
  }
  return makePatient(database, { onPause });
}

/**
 * The ingest function's own way to the database, for work that nobody sends again: what passes is
 * tried again.
 */
export function makePatient(
  database: CallDatabaseInBulk,
  { onPause = () => {}, retries = RETRIES }: Patience,
): CallDatabaseInBulk {
  return (call) =>
    pRetry(() => database(call), {
      retries,
      minTimeout: FIRST_PAUSE,
      maxTimeout: LONGEST_PAUSE,
      randomize: true,
      shouldRetry: ({ error }) => !(error instanceof Inapplicable),
      onFailedAttempt({ error, retriesLeft }) {
        if (retriesLeft > 0 && !(error instanceof Inapplicable)) onPause(describeTrouble(error));
      },
    });
}

/** What is wrong with the database, for people. */
export function describeTrouble(error: unknown): string {
  const cause = error instanceof Unavailable ? error.cause : error;
  const message = typeof cause === "object" && cause !== null && "message" in cause
    ? cause.message
    : cause;
  return `the database says: ${message}`;
}
