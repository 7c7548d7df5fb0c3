import type { SupabaseClient } from "@supabase/supabase-js";
import { createSupabase } from "../../functions/_shared/supabase.ts";
import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import type { Database } from "../../functions/_shared/database.types.ts";
import { HttpError, TooSlow } from "./http_error.ts";
import { projectAddress } from "./project_address.ts";

/** Milliseconds that a call may take: longer than the functions' own statement timeout (5 s). */
const CALL_TIMEOUT = 6_500;

/** A database function, by its name. */
export type FunctionName = keyof Database["public"]["Functions"];

/**
 * Calls a database function and returns its result.
 *
 * @throws {HttpError} 400, 404, 502 or 503, with a sentence that contains nothing secret.
 */
export type CallFunction = (name: FunctionName, args?: object) => Promise<unknown>;

const STATEMENT_TIMEOUT = "57014";

/** SQLSTATEs and PostgREST codes that mean that there is no database, or that it is too busy. */
const AWAY = /^(?:PGRST00[0-3]|08...|53...|57...|40...|55P03|25006)$/;

/** A name that the REST API doesn't know. */
const UNKNOWN_NAME = /^PGRST(?:106|202|205)$/;

/** A query that can't be answered: data exceptions. */
const BAD_QUESTION = /^22...$/;

/** The console's access to the project: supabase-js with the secret key, and every failure as a sentence. */
export function createCallFunction(project: SupabaseEnv): CallFunction {
  // The functions are named at run time: the client's own types would check them one by one.
  const supabase: SupabaseClient = createSupabase(project);
  return async (name, args = {}) => {
    const signal = AbortSignal.timeout(CALL_TIMEOUT);
    const { data, error, status } = await supabase.rpc(name, args).abortSignal(signal);
    if (error === null) return data;
    throw toHttpError(error, status, signal.aborted, project);
  };
}

function toHttpError(
  error: { code?: string; message: string },
  status: number,
  isTimeout: boolean,
  project: SupabaseEnv,
): HttpError {
  const { code = "" } = error;
  // The API's own messages never contain the key; this is for those of whatever is in front of it.
  const message = error.message.replaceAll(project.supabaseKey, "…").slice(0, 500);
  const fail = (status: number, text: string) => new HttpError(status, text, { cause: error });
  if (isTimeout || code === STATEMENT_TIMEOUT) {
    return new TooSlow("The database does not answer in time", { cause: error });
  }
  if (AWAY.test(code)) return fail(503, "The database does not answer");
  if (UNKNOWN_NAME.test(code)) {
    return fail(
      502,
      "The mirror is not in this project, has other names there, or has an older release",
    );
  }
  if (code === "42P01") return fail(404, "There is no such table");
  if (BAD_QUESTION.test(code)) return fail(400, `The database refuses the request: ${message}`);
  if (status === 401 || status === 403) return fail(502, "The project refuses the secret key");
  if (status === 0) return fail(502, `The project does not answer at ${projectAddress(project)}`);
  if (code === "" && status !== 503) return fail(502, `The project answers ${status}`);
  // Something between it and the API is broken, whatever it says.
  if (status >= 500) return fail(503, "The database does not answer");
  return fail(502, `The database can't do that: ${message}`);
}
