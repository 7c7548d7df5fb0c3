import { applyEvent } from "../../../functions/clerk-webhook/apply_event.ts";
import type { CallDatabase } from "../../../functions/clerk-webhook/database.ts";
import { recognizeEvent } from "../../../functions/clerk-webhook/event.ts";
import type { Outcome } from "../../../functions/clerk-webhook/responses.ts";
import type { DeadLetter } from "./read_dead_letters.ts";

/**
 * Sends a dead letter again through the function's own code.
 *
 * @returns `dead_lettered` if it still can't be applied, `ignored` if its type isn't mirrored.
 * @throws {Unavailable} if none of this is possible now.
 */
export async function replayDeadLetter(
  letter: DeadLetter,
  database: CallDatabase,
): Promise<Outcome> {
  const event = recognizeEvent(letter.payload);
  return event ? await applyEvent(event, letter.webhook_id, database) : "ignored";
}
