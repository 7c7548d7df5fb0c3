import type { CallDatabase } from "./database.ts";
import { toDeadLetter } from "./dead_letter.ts";
import { Inapplicable, Unavailable } from "./errors.ts";
import { type Event, toCall } from "./event.ts";
import { instanceIdOf } from "./instance.ts";
import type { Outcome } from "./responses.ts";

/**
 * Milliseconds to apply an event or give up, however many calls it takes: shorter than Svix's 15 s.
 */
const TIMEOUT = 13_000;

/**
 * Applies an event with its one call, or keeps it as a dead letter if it can't be applied as it is. An event
 * from another Clerk instance is only counted: the database knows which one it mirrors.
 *
 * @param expectedInstanceId The only instance to accept, whatever the database knows.
 * @throws {Unavailable} if none of this is possible now.
 */
export async function applyEvent(
  event: Event,
  webhookId: string,
  database: CallDatabase,
  expectedInstanceId?: string,
): Promise<Outcome> {
  const deadline = performance.now() + TIMEOUT;
  const instanceId = instanceIdOf(event.body);
  if (expectedInstanceId && instanceId && instanceId !== expectedInstanceId) {
    const webhook = { id: webhookId, type: event.type, instance_id: instanceId };
    return toOutcome(
      await database({ rpc: "count_foreign_webhook", args: { webhook } }, deadline),
    );
  }
  try {
    return toOutcome(await database(toCall(event, webhookId), deadline));
  } catch (error) {
    if (!(error instanceof Inapplicable)) throw error;
    return await keepDeadLetter(event, webhookId, error, database, deadline);
  }
}

async function keepDeadLetter(
  event: Event,
  webhookId: string,
  reason: Inapplicable,
  database: CallDatabase,
  deadline: number,
): Promise<Outcome> {
  try {
    return toOutcome(await database(toDeadLetter(event, webhookId, reason.message), deadline));
  } catch (error) {
    if (error instanceof Inapplicable) throw new Unavailable("", { cause: error });
    throw error;
  }
}

function toOutcome(data: unknown): Outcome {
  switch (data) {
    case "applied":
    case "duplicate":
    case "stale":
    case "ignored":
    case "dead_lettered":
      return data;
    default:
      throw new Unavailable("unexpected outcome");
  }
}
