import * as z from "zod/mini";
import type { Json } from "../../_shared/database.types.ts";
import { optionalText } from "../fields.ts";
import { isRecord } from "../json.ts";
import type { Row } from "../mapping.ts";
import { toStorable } from "../storable.ts";

/** Who pays, a user or an organization: the id of the other is missing or `""`. */
export const payerSchema = z.nullish(z.object({
  user_id: optionalText,
  first_name: optionalText,
  last_name: optionalText,
  organization_id: optionalText,
  organization_name: optionalText,
  image_url: optionalText,
}));

type Payer = z.output<typeof payerSchema>;

/** The owner of a billing object. */
export function toOwner(payer: Payer): { user_id: string | null; organization_id: string | null } {
  return { user_id: payer?.user_id || null, organization_id: payer?.organization_id || null };
}

/** Placeholders for the owner, from what is known about the payer. */
export function toOwnerPlaceholders(payer: Payer): {
  organizations: Row<"organizations">[];
  profiles: Row<"profiles">[];
} {
  const { user_id, organization_id } = toOwner(payer);
  return {
    organizations: organization_id
      ? [{ id: organization_id, name: payer?.organization_name, image_url: payer?.image_url }]
      : [],
    profiles: user_id
      ? [{
        id: user_id,
        first_name: payer?.first_name,
        last_name: payer?.last_name,
        image_url: payer?.image_url,
      }]
      : [],
  };
}

/** What every billing object contains and no column needs: its kind, and the payer itself. */
const UNINTERESTING = ["object", "id", "instance_id", "payer", "created_at", "updated_at"];

/** What a billing object contains apart from the fields that have a column. */
export function toDetails(data: unknown, known: string[]): Json {
  const left = Object.entries(isRecord(data) ? data : {}).filter(([name]) =>
    !known.includes(name) && !UNINTERESTING.includes(name)
  );
  return toStorable(Object.fromEntries(left));
}
