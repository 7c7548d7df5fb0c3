import * as z from "zod/mini";
import { id, optionalFlag, optionalText } from "../fields.ts";
import type { Row } from "../mapping.ts";

/** The part of an organization that Clerk nests in the objects that belong to it. */
export const organizationSnapshotSchema = z.nullish(z.object({
  id,
  name: optionalText,
  slug: optionalText,
  image_url: optionalText,
  has_image: optionalFlag,
}));

/** A placeholder for an organization: what the snapshot contains, or only the id. */
export function toPlaceholder(
  organizationId: string,
  snapshot: z.output<typeof organizationSnapshotSchema>,
): Row<"organizations"> {
  if (!snapshot) return { id: organizationId };
  return {
    id: organizationId,
    name: snapshot.name,
    slug: snapshot.slug,
    image_url: snapshot.image_url,
    has_image: snapshot.has_image,
  };
}
