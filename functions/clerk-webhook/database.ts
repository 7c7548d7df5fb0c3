import { createClient } from "@supabase/supabase-js";
import { Inapplicable, Unavailable } from "./errors.ts";
import type { Call } from "./mapping.ts";

/**
 * Milliseconds that one call may take: longer than the functions' own statement timeout (5 s), so
 * that Postgres ends it first, and shorter than Svix's 15 s.
 */
const CALL_TIMEOUT = 8_000;

/**
 * SQLSTATE classes of data that Postgres refuses, and would refuse again: data exceptions, integrity
 * violations, and program limits (a statement or a row that is too large or too complex).
 */
const INAPPLICABLE_SQLSTATE = /^(?:22|23|54)[0-9A-Z]{3}$/;

/** Makes one call, one transaction, and returns the outcome that the database names. */
export type CallDatabase = (call: Call) => Promise<unknown>;

/** Where the calls go. */
export interface DatabaseOptions {
  supabaseUrl: string;
  supabaseKey: string;
  /** Milliseconds; 8,000 by default. */
  timeout?: number;
}

/**
 * Makes the client, once per isolate.
 *
 * A call throws {@link Inapplicable} for what Postgres refuses because of the data, else
 * {@link Unavailable}: whether an error passes is read from its SQLSTATE, since the REST layer
 * answers 500 to deadlocks and timeouts too.
 */
export function createDatabase(options: DatabaseOptions): CallDatabase {
  const supabase = createClient(options.supabaseUrl, options.supabaseKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  return async ({ rpc, args }) => {
    const { data, error } = await supabase
      .rpc(rpc, args)
      .abortSignal(AbortSignal.timeout(options.timeout ?? CALL_TIMEOUT));
    if (error === null) return data;
    if (INAPPLICABLE_SQLSTATE.test(error.code)) {
      throw new Inapplicable(`${error.code}: ${error.message}`, { cause: error });
    }
    throw new Unavailable(error.code, { cause: error });
  };
}
