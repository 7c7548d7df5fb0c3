/** Backfills and reconciliations in slices, as Supabase's edge runtime and `deno serve` start them. */
import { readReconcileConfig } from "./env.ts";
import { createReconcileHandler } from "./handler.ts";

export default {
  fetch: createReconcileHandler({ config: readReconcileConfig(Deno.env) }),
};
