import * as z from "zod/mini";
import type { Row, Webhook } from "../../functions/clerk-webhook/mapping.ts";
import { toProfile, userSchema } from "../../functions/clerk-webhook/mappings/user.ts";
import { newId } from "../development/events/new_id.ts";
import { sampleEvent } from "../development/events/sample_event.ts";

/** The arguments of the call that a user.updated event becomes. */
export interface UserUpdate {
  profiles: Row<"profiles">[];
  webhook: Webhook;
}

/** The user's row in the fixture of user.updated. */
export function sampleProfile(): Row<"profiles"> {
  return toProfile(z.parse(userSchema, sampleEvent("user.updated").data));
}

/**
 * Creates user.updated events without end: each has a fresh webhook id, is newer than the previous one, and
 * is about the next of the users, in turn.
 *
 * @param userIds The existing users.
 */
export function userUpdates(userIds: string[]): () => UserUpdate {
  const profile = sampleProfile();
  let [time, count] = [Date.now(), 0];
  return () => {
    const id = userIds[count++ % userIds.length] ?? newId("user");
    const occurredAt = new Date(++time).toISOString();
    return {
      profiles: [{ ...profile, id, last_active_at: occurredAt, updated_at: occurredAt }],
      webhook: {
        id: newId("msg"),
        type: "user.updated",
        object_id: id,
        occurred_at: occurredAt,
        instance_id: "ins_of_a_benchmark",
      },
    };
  };
}
