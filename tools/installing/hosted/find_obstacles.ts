import type { Naming } from "../../../functions/_shared/naming.ts";
import { clashQuery } from "../sql/find_clashes.ts";
import { listObjects } from "../sql/list_objects.ts";
import type { DatabaseState } from "./database_state.ts";
import type { FunctionPlan } from "./functions.ts";
import type { ManagementApi } from "./management_api.ts";
import type { SecretPlan } from "./secrets.ts";

/**
 * Makes sure that nothing in the database already has one of the mirror's names.
 *
 * @param sql Everything that would be installed, under its names.
 * @throws {Error} that lists everything that does, and the ways out.
 */
export async function checkClashes(
  api: ManagementApi,
  database: DatabaseState,
  sql: string,
  naming: Naming,
  retry: (options: string) => string,
): Promise<void> {
  if (database.isHalfInstalled) {
    throw new Error(
      'The project has a schema "clerk_sync" that no release of the mirror made: part of an installation ' +
        "that was interrupted, perhaps from a copy of the repository. Drop what it left (only the mirror uses " +
        "clerk_sync), then run this again. Nothing was changed",
    );
  }
  const rows = await api.query(clashQuery(listObjects(sql)));
  if (rows.length === 0) return;
  const names = rows.map(({ kind, name }) => `  ${kind} ${name}`).join("\n");
  const options = [
    ...(naming.prefix === "" ? ["--prefix clerk_"] : []),
    ...(naming.schema === "public" ? ["--schema clerk"] : []),
  ];
  const ways = options.length === 0
    ? ["Choose another name, or rename what is yours"]
    : ["Give the mirror other names. Either of these works:", ...options.map(retry)];
  throw new Error(
    `The project already has these, and the mirror needs their names:\n${names}\n${
      ways.join("\n  ")
    }\nNothing was changed`,
  );
}

/**
 * Makes sure that no function and no secret would be overwritten that isn't the mirror's.
 *
 * @throws {Error} that lists them all.
 */
export function checkOwnership(functions: FunctionPlan[], secrets: SecretPlan[]): void {
  const names = [
    ...functions.filter(({ state }) => state === "foreign")
      .map(({ upload }) => `  function ${upload.slug}: it was deployed by other means`),
    ...secrets.filter(({ state }) => state === "foreign")
      .map(({ name }) => `  secret ${name}: it is set to something else`),
  ];
  if (names.length === 0) return;
  throw new Error(
    `The project already has these, and they are not the mirror's:\n${names.join("\n")}\n` +
      'Add "--force" to overwrite them. Nothing was changed',
  );
}
