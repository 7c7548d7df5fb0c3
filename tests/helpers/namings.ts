import type { Naming } from "../../functions/_shared/naming.ts";

/** Each way in which the mirror can be called. */
export const NAMINGS: Naming[] = [
  { schema: "public", prefix: "" },
  { schema: "public", prefix: "clerk_" },
  { schema: "clerk", prefix: "" },
];

/** Such as "public" or "public.clerk_…". */
export function describeNaming({ schema, prefix }: Naming): string {
  return prefix === "" ? schema : `${schema}.${prefix}…`;
}
