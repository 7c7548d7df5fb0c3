import { isRecord } from "../../../functions/clerk-webhook/json.ts";

/** The response to a delivery. */
export interface Answer {
  status: number;
  /** The outcome, or the word for the error; the raw body if it has neither. */
  outcome: string;
  /** Milliseconds until the response was complete. */
  duration: number;
}

/**
 * Sends a delivery and reads the response.
 *
 * @throws {Error} if there is no response.
 */
export async function deliver(request: Request): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(request).catch((cause) => {
    throw new Error(`Nothing answers at "${request.url}"`, { cause });
  });
  const body = await response.text();
  const duration = performance.now() - startedAt;
  return { status: response.status, outcome: toOutcome(body), duration };
}

function toOutcome(body: string): string {
  try {
    const answer: unknown = JSON.parse(body);
    if (isRecord(answer)) return String(answer.outcome ?? answer.error ?? body);
  } catch {
    // Not one of our responses: shown as it is.
  }
  return body;
}
