/** The function `clerk-reconcile` with slices that are as small as a test wants them, for `deno serve`. */
import { readReconcileConfig } from "../../functions/clerk-reconcile/env.ts";
import { createReconcileHandler } from "../../functions/clerk-reconcile/handler.ts";

export default {
  fetch: createReconcileHandler({
    config: readReconcileConfig(Deno.env),
    budget: { objects: Number(Deno.env.get("TEST_SLICE_OBJECTS")) },
    leaseSeconds: Number(Deno.env.get("TEST_LEASE_SECONDS")),
  }),
};
