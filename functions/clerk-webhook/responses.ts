import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { Refusal, type RefusalCode, Unavailable } from "./errors.ts";
import type { ProbeAnswer } from "./probe.ts";

/**
 * The outcome of a verified webhook.
 *
 * - `applied`: the object that the event is about moved up to the event's state
 * - `duplicate`: the webhook id was processed before
 * - `stale`: what is stored is newer, or the object is deleted
 * - `ignored`: nothing to do for this type, or the event is from another Clerk instance
 * - `dead_lettered`: it can't be applied as it is, and is kept for replay
 */
export type Outcome = "applied" | "duplicate" | "stale" | "ignored" | "dead_lettered";

const refusalStatus: Record<RefusalCode, number> = {
  method_not_allowed: 405,
  missing_header: 400,
  invalid_header: 400,
  invalid_timestamp: 400,
  invalid_signature: 400,
  invalid_json: 400,
  too_large: 413,
};

/** Seconds. Svix waits between one and two times its own first delay, which is 5 s. */
const RETRY_AFTER = "5";

/**
 * The response to a verified webhook.
 *
 * @param details What a probe gets back in addition.
 */
export function outcomeResponse(outcome: Outcome, details: Partial<ProbeAnswer> = {}): Response {
  return Response.json({ outcome, ...details }, {
    status: outcome === "dead_lettered" ? 202 : 200,
  });
}

/** The response to a failure; what isn't known to be our fault or the sender's counts as transient. */
export function errorResponse(error: unknown): Response {
  if (error instanceof Refusal) {
    const headers = error.code === "method_not_allowed" ? { allow: "POST" } : {};
    return Response.json({ error: error.code }, { status: refusalStatus[error.code], headers });
  }
  if (error instanceof Misconfiguration) {
    return Response.json({ error: "misconfigured" }, { status: 500 });
  }
  return Response.json({ error: "unavailable" }, {
    status: 503,
    headers: { "retry-after": RETRY_AFTER },
  });
}

/** What the log says about a failure: our own codes and names, never the text of a request or a row. */
export function errorLogFields(error: unknown): Record<string, string> {
  if (error instanceof Refusal) return { error: error.code };
  if (error instanceof Misconfiguration) {
    return { error: "misconfigured", variable: error.variable, reason: error.message };
  }
  if (error instanceof Unavailable) return { error: "unavailable", code: error.code };
  return { error: "unavailable", code: error instanceof Error ? error.name : typeof error };
}
