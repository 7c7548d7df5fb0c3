import type { CallDatabase } from "../../clerk-webhook/database.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import { CLOCK_TOLERANCE } from "./check_instance.ts";
import type { ClerkObject } from "./clerk_source.ts";
import { type MirroredVersion, readMirroredVersions } from "./mirrored.ts";
import type { Resource } from "./resources.ts";

/** How an object in Clerk can differ from the mirror's: `buried` is deleted here, though Clerk has it. */
export const STALE_KINDS = ["missing", "outdated", "buried"] as const;

/** One such object. */
export type StaleKind = (typeof STALE_KINDS)[number];

/**
 * Until when an object that Clerk showed certainly existed: clocks differ, and deletions may be on their way.
 */
export function aliveAt(askedAt: number, grace: number): number {
  return askedAt - Math.max(grace, CLOCK_TOLERANCE);
}

/**
 * How the mirror stands with each of the objects, by id. One that was deleted in the mirror after the time it
 * certainly existed is in order: its deletion came after the list was read. So is one whose owner is deleted:
 * Clerk keeps listing the payments of deleted users. One that was deleted before that time is `buried`: Clerk
 * never reuses an id, so the deletion can't be true.
 *
 * @param aliveAt Unix milliseconds.
 */
export async function compareWithMirror(
  database: CallDatabase,
  { table }: Resource,
  objects: ClerkObject[],
  aliveAt: number,
): Promise<Map<string, "in order" | StaleKind>> {
  const ids = objects.flatMap((object) => [object.id, ...ownersOf(object)]);
  const versions = await readMirroredVersions(database, table, [...new Set(ids)]);
  const isDeleted = (id: string) => versions.get(id)?.deletedAt !== undefined;
  return new Map(objects.map((object) => {
    const { id, updated_at } = object;
    const version = versions.get(id);
    if (ownersOf(object).some(isDeleted)) return [id, "in order"];
    if (version === undefined) return [id, "missing"];
    const { deletedAt } = version;
    if (deletedAt !== undefined) return [id, deletedAt < aliveAt ? "buried" : "in order"];
    return [id, isOlder(version, updated_at) ? "outdated" : "in order"];
  }));
}

/** Ids of the users and organizations that an object belongs to, whichever of them its kind has. */
function ownersOf(object: ClerkObject): string[] {
  const { organization_id, organization, public_user_data, payer } = object;
  const holders = [public_user_data, payer].filter(isRecord);
  return [
    organization_id,
    isRecord(organization) && organization.id,
    ...holders.flatMap(({ user_id, organization_id }) => [user_id, organization_id]),
  ].filter((id) => typeof id === "string");
}

/** A placeholder is older than anything else. */
function isOlder({ updatedAt }: MirroredVersion, time: unknown): boolean {
  return updatedAt === undefined || (typeof time === "number" && updatedAt < time);
}
