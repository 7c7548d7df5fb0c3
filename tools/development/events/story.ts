import { newId } from "./new_id.ts";
import { type SampleEvent, sampleEvent } from "./sample_event.ts";

/** Something that happens in a Clerk instance, and the webhook that reports it. */
export interface Step {
  /** As a sentence without its period. */
  what: string;
  event: SampleEvent;
  /** The message id, to send the same webhook again. */
  id?: string;
  /** Signs with a secret that isn't ours. */
  isForged?: boolean;
}

/** The characters, and what happens to them. */
export interface Story {
  ada: string;
  grace: string;
  /** Ada and Grace found an organization; webhooks arrive early, late, twice and forged. */
  opening: Step[];
  /** Both leave. */
  ending: Step[];
}

/**
 * The main job as a story of nine minutes.
 *
 * @param beginning Unix milliseconds.
 * @param minute Milliseconds per minute of the story: it can be told faster than it happened.
 */
export function tellStory(beginning: number, minute = 60_000): Story {
  const ada = newId("user", beginning);
  const grace = newId("user", beginning);
  const engines = newId("org", beginning);
  const at = (minutes: number) => beginning + minutes * minute;
  const signUp = newId("msg");
  const created = sampleEvent("user.created", { at: at(0), data: { id: ada } });
  const asAda = member(engines, ada, ["Ada", "Lovelace"], "org:admin", beginning);
  const asGrace = member(engines, grace, ["Grace", "Hopper"], "org:member", beginning);
  return {
    ada,
    grace,
    opening: [
      { what: "Ada signs up", event: created, id: signUp },
      {
        what: "Ada signs in",
        event: sampleEvent("session.created", { at: at(1), data: { user_id: ada } }),
      },
      {
        what: "Ada becomes a member, before her organization arrives",
        event: sampleEvent("organizationMembership.created", {
          at: at(2),
          data: asAda,
        }),
      },
      {
        what: "The organization arrives",
        event: sampleEvent("organization.created", {
          at: at(2),
          data: { id: engines, created_by: ada },
        }),
      },
      {
        what: "Grace joins, before her user arrives",
        event: sampleEvent("organizationMembership.created", { at: at(3), data: asGrace }),
      },
      { what: "The sign-up, delivered again", event: created, id: signUp },
      {
        what: "Ada changes her name",
        event: sampleEvent("user.updated", {
          at: at(6),
          data: { id: ada, first_name: "Augusta Ada" },
        }),
      },
      {
        what: "An earlier change of hers arrives late",
        event: sampleEvent("user.updated", { at: at(5), data: { id: ada, first_name: "A." } }),
      },
      {
        what: "Someone forges a webhook",
        event: sampleEvent("user.deleted", { at: at(7), data: { id: ada } }),
        isForged: true,
      },
    ],
    ending: [
      {
        what: "Grace leaves the organization",
        event: sampleEvent("organizationMembership.deleted", { at: at(8), data: asGrace }),
      },
      {
        what: "Ada deletes her account",
        event: sampleEvent("user.deleted", { at: at(9), data: { id: ada } }),
      },
      {
        what: "A change of hers arrives after that",
        event: sampleEvent("user.updated", { at: at(8), data: { id: ada } }),
      },
    ],
  };
}

function member(
  organizationId: string,
  userId: string,
  [firstName, lastName]: [string, string],
  role: string,
  at: number,
) {
  return {
    id: newId("orgmem", at),
    role,
    "organization.id": organizationId,
    "public_user_data.user_id": userId,
    "public_user_data.first_name": firstName,
    "public_user_data.last_name": lastName,
    "public_user_data.identifier": `${firstName.toLowerCase()}@example.com`,
  };
}
