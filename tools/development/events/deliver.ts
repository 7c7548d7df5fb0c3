import { isRecord } from "../../../functions/clerk-webhook/json.ts";

/** What a delivery was answered. */
export interface Answer {
  status: number;
  /** The outcome, or the word for the error; the raw body where there is neither. */
  outcome: string;
  /** Milliseconds until the answer was complete. */
  duration: number;
}

/**
 * Sends a delivery and reads the answer.
 *
 * @throws {Error} if nobody answers.
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
    // Not an answer of ours: shown as it is.
  }
  return body;
}
