import * as z from "zod/mini";
import { id, optionalFlag, optionalText, text, time } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

/** A person on the waitlist, and their invitation, of which only the id is read. */
export const waitlistEntrySchema = z.object({
  id,
  email_address: text,
  status: optionalText,
  is_locked: optionalFlag,
  invitation: z.nullish(z.object({ id })),
  created_at: time,
  updated_at: time,
});

/** The row of a waitlist entry. */
export function toWaitlistEntry(
  entry: z.output<typeof waitlistEntrySchema>,
): Row<"waitlist_entries"> {
  return {
    id: entry.id,
    email_address: entry.email_address,
    status: entry.status,
    is_locked: entry.is_locked,
    invitation_id: entry.invitation?.id,
    created_at: entry.created_at,
    updated_at: entry.updated_at,
  };
}

const upsert = defineMapping(waitlistEntrySchema, (entry, { webhook }) => ({
  rpc: "upsert_waitlist_entries",
  args: { entries: [toWaitlistEntry(entry)], webhook },
}));

export const waitlistEntryMappings = {
  "waitlistEntry.created": upsert,
  "waitlistEntry.updated": upsert,
};
