import type { SupabaseClient } from "@supabase/supabase-js";
import { createSupabase } from "../_shared/supabase.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { Inapplicable, Unavailable } from "./errors.ts";
import type { BulkCall, Call } from "./mapping.ts";

/**
 * Milliseconds that one call may take: longer than the functions' own statement timeout (5 s), so
 * that Postgres ends it first, and shorter than Svix's 15 s.
 */
const CALL_TIMEOUT = 8_000;

/**
 * SQLSTATE classes of permanent errors in Postgres: data exceptions, integrity violations, program limits (a
 * statement or a row that is too large or too complex), and whatever the application's triggers raise.
 */
const INAPPLICABLE_SQLSTATE = /^(?:22|23|54|P0)[0-9A-Z]{3}$/;

/**
 * Makes one call, one transaction, and returns the outcome that the database reports.
 *
 * @param deadline When the caller stops waiting, by `performance.now()`.
 */
export type CallDatabase = (call: Call, deadline?: number) => Promise<unknown>;

/** The same for many objects at once. */
export type CallDatabaseInBulk = (call: Call | BulkCall, deadline?: number) => Promise<unknown>;

/** Where the calls go. */
export interface DatabaseOptions extends SupabaseEnv {
  /** Milliseconds; 8,000 by default. */
  timeout?: number;
}

/**
 * Creates the client, once per isolate.
 *
 * A call throws {@link Inapplicable} for what Postgres refuses because of the data, else {@link Unavailable}:
 * the SQLSTATE says whether an error is transient, since the REST layer answers 500 to deadlocks and timeouts
 * too.
 */
export function createDatabase(options: DatabaseOptions): CallDatabaseInBulk {
  // A call names its function and arguments together: the client's own types check them one by one.
  const supabase: SupabaseClient = createSupabase(options);
  return async ({ rpc, args }, deadline = Infinity) => {
    const timeout = Math.min(options.timeout ?? CALL_TIMEOUT, deadline - performance.now());
    const { data, error, status } = await supabase
      .rpc(rpc, args)
      .abortSignal(AbortSignal.timeout(Math.max(0, timeout)));
    if (error === null) return data;
    // If there was no response, the client reports the code of the network error.
    if (status === 0) throw new Unavailable("", { cause: error });
    if (INAPPLICABLE_SQLSTATE.test(error.code)) {
      throw new Inapplicable(`${error.code}: ${error.message}`, { cause: error });
    }
    throw new Unavailable(error.code ?? "", { cause: error });
  };
}
