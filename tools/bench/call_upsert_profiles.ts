import type { Sql } from "./database.ts";
import type { UserUpdate } from "./user_updates.ts";

/** Creates the call for a user.updated event: the mirror's own, or that of the plain function. */
export function callUpsertProfiles(
  sql: Sql,
  schema: "public" | "plain",
  { profiles, webhook }: UserUpdate,
): Promise<unknown> {
  return sql.unsafe(
    `select ${schema}.upsert_profiles(profiles => $1::jsonb, webhook => $2::jsonb) as outcome`,
    [JSON.stringify(profiles), JSON.stringify(webhook)],
    { prepare: true },
  );
}
