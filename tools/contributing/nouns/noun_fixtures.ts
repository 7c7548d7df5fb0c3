import { newId } from "../../development/events/new_id.ts";
import { FIELD_KINDS, type Noun, wordsOf } from "./noun.ts";

/** Unix milliseconds at which the samples happen. */
const CREATED_AT = 1767258000000;

/** A sample of each event, and its expected row, by event type. */
export function nounFixtures(noun: Noun): Map<string, unknown> {
  const { event, table, columns, idPrefix, owner } = noun;
  const { ownerColumn } = wordsOf(noun);
  const id = newId(idPrefix);
  const ownerId = owner === undefined ? undefined : newId(owner === "profiles" ? "user" : "org");
  const values = {
    ...(ownerColumn === undefined ? {} : { [ownerColumn]: ownerId }),
    ...Object.fromEntries(columns.map(({ name, type }) => [name, FIELD_KINDS[type].sample])),
    created_at: CREATED_AT,
  };
  const sample = (type: string, minutes: number, data: unknown, row: unknown) => ({
    event: {
      object: "event",
      type: `${event}.${type}`,
      instance_id: "ins_30Fq1dWc0mIrrOrStandFixture",
      timestamp: CREATED_AT + minutes * 60_000 + 9,
      event_attributes: {
        http_request: { client_ip: "203.0.113.7", user_agent: "Mozilla/5.0" },
      },
      data,
    },
    row: { table, values: row },
  });
  const full = (minutes: number) => ({ ...values, updated_at: CREATED_AT + minutes * 60_000 });
  return new Map([
    [`${event}.created`, sample("created", 0, { id, ...full(0) }, full(0))],
    [`${event}.updated`, sample("updated", 1, { id, ...full(1) }, full(1))],
    [`${event}.deleted`, sample("deleted", 2, { id, deleted: true }, null)],
  ]);
}
