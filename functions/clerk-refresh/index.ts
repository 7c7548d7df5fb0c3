/** Reads the signed-in caller from Clerk, as Supabase's edge runtime and `deno serve` start it. */
import { readRefreshConfig } from "./env.ts";
import { createRefreshHandler } from "./handler.ts";

export default {
  fetch: createRefreshHandler({ config: readRefreshConfig(Deno.env) }),
};
