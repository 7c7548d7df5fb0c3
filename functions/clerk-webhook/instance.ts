import { isRecord } from "./json.ts";
import { toStorableString } from "./storable.ts";

/**
 * The instances in Clerk's catalogue of examples, which the Dashboard's "Send Example" delivers in anyone's
 * name.
 */
const EXAMPLE_INSTANCES: ReadonlySet<string> = new Set([
  "ins_123",
  "ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S",
]);

/** Clerk's ids have about 32 characters. */
const MAX_LENGTH = 255;

/** The Clerk instance that a verified body comes from; undefined if it names none, or one from the examples. */
export function instanceIdOf(body: unknown): string | undefined {
  const id = isRecord(body) ? body.instance_id : undefined;
  if (typeof id !== "string" || id === "" || EXAMPLE_INSTANCES.has(id)) return undefined;
  return toStorableString(id.slice(0, MAX_LENGTH));
}
