import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "./database.types.ts";
import { installedNaming } from "./naming.ts";
import type { SupabaseEnv } from "./supabase_env.ts";

/** Supabase's client with the types of this schema. */
export type Supabase = SupabaseClient<Database>;

/** The path of a table or of a function in a request to the REST API. */
const NAME_IN_PATH = /(?<=\/rest\/v1\/(?:rpc\/)?)(?!rpc\/)(?=\w)/;

/**
 * Creates a client for a key rather than a session: without a session, it neither creates an Auth client nor
 * asks it for a token on every call.
 *
 * Tables and functions go by the names in the generated types, whatever they are called in the project: the
 * schema and the prefix are added here.
 *
 * @param token Of the user to act for; without one, the key acts alone.
 */
export function createSupabase(
  { supabaseUrl, supabaseKey, naming = installedNaming }: SupabaseEnv,
  token: string | null = null,
): Supabase {
  const { schema, prefix } = naming;
  return createClient<Database>(supabaseUrl, supabaseKey, {
    accessToken: () => Promise.resolve(token),
    // The types know the schema by its name here.
    db: { schema: schema as "public" },
    ...(prefix === "" ? {} : { global: { fetch: fetchWithPrefix(prefix) } }),
  });
}

/** Adds the prefix to the name of the table or function that a request is for. */
function fetchWithPrefix(prefix: string): typeof fetch {
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const prefixed = url.replace(NAME_IN_PATH, prefix);
    return fetch(input instanceof Request ? new Request(prefixed, input) : prefixed, init);
  };
}
