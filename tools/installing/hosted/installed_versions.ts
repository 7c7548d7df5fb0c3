import type { DatabaseState } from "./database_state.ts";
import { DATABASE_STEP } from "./step_records.ts";

/**
 * The versions of the migrations that an installer has applied; undefined if the mirror's tables came into
 * the project another way: from its own migration files.
 */
export function installedVersions({ steps }: DatabaseState): string[] | undefined {
  const versions = steps.get(DATABASE_STEP)?.versions;
  if (!Array.isArray(versions)) return undefined;
  return versions.filter((version) => typeof version === "string" && /^\d+$/.test(version));
}
