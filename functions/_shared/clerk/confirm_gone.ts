import { type ClerkSource, isNotFound } from "./clerk_source.ts";
import type { Candidate } from "./mirrored.ts";
import type { Removal } from "./resources.ts";

/** Single objects that are requested at once. */
const AT_ONCE = 10;

/**
 * Looks up objects that no list contained in Clerk once more, one by one: a list that was read while objects
 * came and went proves nothing. Returns those that are gone.
 *
 * @param candidates At most as many as a filter takes.
 */
export async function confirmGone<Object extends Candidate>(
  source: ClerkSource,
  removal: Removal,
  candidates: Object[],
): Promise<Object[]> {
  if (candidates.length === 0) return [];
  const found = await removal.findExisting?.(source, candidates.map(({ id }) => id));
  const existing = new Set(found?.objects.map(({ id }) => id));
  const unknown = candidates.filter(({ id }) => !existing.has(id));
  const gone = [];
  for (let start = 0; start < unknown.length; start += AT_ONCE) {
    const some = unknown.slice(start, start + AT_ONCE);
    const found = await Promise.all(some.map((object) => exists(source, removal, object)));
    gone.push(...some.filter((_object, index) => found[index] === false));
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
