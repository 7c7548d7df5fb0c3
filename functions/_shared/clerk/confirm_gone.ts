import { type ClerkSource, isNotFound } from "./clerk_source.ts";
import type { MirroredObject } from "./mirrored.ts";
import type { Removal } from "./resources.ts";

/** What it takes to ask Clerk for an object. */
export type Candidate = Pick<MirroredObject, "id" | "organization_id" | "user_id">;

/**
 * Looks for objects that no list had in Clerk once more, one by one: no list that was read while objects
 * came and went is proof. Returns those that are gone.
 *
 * @param candidates As many as a filter takes, at most.
 */
export async function confirmGone<Object extends Candidate>(
  source: ClerkSource,
  removal: Removal,
  candidates: Object[],
): Promise<Object[]> {
  if (candidates.length === 0) return [];
  const found = await removal.findExisting?.(source, candidates.map(({ id }) => id));
  const existing = new Set(found?.objects.map(({ id }) => id));
  const gone = [];
  for (const candidate of candidates) {
    if (!existing.has(candidate.id) && !await exists(source, removal, candidate)) {
      gone.push(candidate);
    }
  }
  return gone;
}

async function exists(
  source: ClerkSource,
  removal: Removal,
  object: Candidate,
): Promise<boolean> {
  try {
    return await source.ask((clerk) => removal.exists(clerk, object));
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
