import type { CallDatabase } from "./database.ts";
import { toDeadLetter } from "./dead_letter.ts";
import { Inapplicable, Unavailable } from "./errors.ts";
import { type Event, toCall } from "./event.ts";
import type { Outcome } from "./responses.ts";

/**
 * Applies an event by its one call, or keeps it as a dead letter when it can't be applied as it is.
 *
 * @throws {Unavailable} if neither is possible now.
 */
export async function applyEvent(
  event: Event,
  webhookId: string,
  database: CallDatabase,
): Promise<Outcome> {
  try {
    return toOutcome(await database(toCall(event, webhookId)));
  } catch (error) {
    if (!(error instanceof Inapplicable)) throw error;
    return await keepDeadLetter(event, webhookId, error, database);
  }
}

async function keepDeadLetter(
  event: Event,
  webhookId: string,
  reason: Inapplicable,
  database: CallDatabase,
): Promise<Outcome> {
  try {
    return toOutcome(await database(toDeadLetter(event, webhookId, reason.message)));
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
    case "dead_lettered":
      return data;
    default:
      throw new Unavailable("unexpected outcome");
  }
}
