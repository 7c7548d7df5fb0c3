import { signedRequest } from "../../tools/development/events/signed_request.ts";

/** A webhook to be delivered until it is acknowledged. */
export interface Message {
  id: string;
  body: string;
}

/** What deliveries came to. */
export interface DeliveryReport {
  attempts: number;
  /** How often each outcome was answered with 2xx; an answer that was lost is not among them. */
  outcomes: Record<string, number>;
  /** How often each other answer came: a status, or `none`. */
  failures: Record<string, number>;
}

/** Milliseconds between the attempts of one message: Svix's own hours, shortened. */
const RETRY_DELAYS = [10, 25, 50, 100, 200, 400, 800, 1600, 3200, 3200, 3200, 3200];

/** Milliseconds after which Svix gives an attempt up. */
const ATTEMPT_TIMEOUT = 15_000;

/**
 * Delivers messages by Svix's rules: the same id and body on every attempt, a new timestamp and
 * signature, and anything but 2xx in time is tried again.
 *
 * @throws {Error} if a message is not acknowledged by its last attempt.
 */
export async function deliverAll(
  messages: Message[],
  target: { url: string; secret: string; concurrency: number },
): Promise<DeliveryReport> {
  const report: DeliveryReport = { attempts: 0, outcomes: {}, failures: {} };
  const queue = [...messages];
  const work = async () => {
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      await deliverOne(message, target, report);
    }
  };
  await Promise.all(Array.from({ length: target.concurrency }, work));
  return report;
}

async function deliverOne(
  { id, body }: Message,
  { url, secret }: { url: string; secret: string },
  report: DeliveryReport,
): Promise<void> {
  for (const delay of [...RETRY_DELAYS, undefined]) {
    report.attempts++;
    const answer = await attempt(signedRequest(url, secret, body, { id }));
    if (answer.outcome !== undefined) {
      report.outcomes[answer.outcome] = (report.outcomes[answer.outcome] ?? 0) + 1;
      return;
    }
    report.failures[answer.failure] = (report.failures[answer.failure] ?? 0) + 1;
    if (delay === undefined) throw new Error(`"${id}" was given up: ${answer.failure}`);
    await new Promise((resolve) => setTimeout(resolve, delay * (0.8 + 0.4 * Math.random())));
  }
}

type Answer = { outcome: string; failure?: undefined } | { outcome?: undefined; failure: string };

async function attempt(request: Request): Promise<Answer> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(ATTEMPT_TIMEOUT) });
    const text = await response.text();
    return response.ok
      ? { outcome: JSON.parse(text).outcome }
      : { failure: String(response.status) };
  } catch {
    return { failure: "none" };
  }
}
