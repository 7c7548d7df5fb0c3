import pRetry from "p-retry";
import { type CallDatabaseInBulk, createDatabase } from "../clerk-webhook/database.ts";
import { Inapplicable, Unavailable } from "../clerk-webhook/errors.ts";
import type { SupabaseEnv } from "./supabase_env.ts";

/** After the first attempt: a database restart takes less time than the sum of the pauses. */
const RETRIES = 10;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 20_000;

/** How patient to be. */
export interface Patience {
  /** Called for every failed attempt that is retried. */
  onPause?: (reason: string) => void;
  /** How often a call is retried; 10 times by default. */
  retries?: number;
}

/**
 * Checks whether the project can be used, and creates the database client.
 *
 * @throws {Error} if the project doesn't answer like one that has the mirror's migrations.
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
 * The webhook function's own database client, for work that no one sends again: transient errors are retried.
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
