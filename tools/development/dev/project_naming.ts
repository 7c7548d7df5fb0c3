import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  installedNaming,
  isPrefix,
  isSchemaName,
  type Naming,
  readNaming,
} from "../../../functions/_shared/naming.ts";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { homeFolder } from "../../commands/cli/home.ts";
import { readConfigured } from "./variables.ts";

/** Where `init` records what it has added to a project. */
const LOCK_FILE = join("supabase", "clerk-mirror.lock.json");

/**
 * What the mirror is called in the current project: `CLERK_MIRROR_SCHEMA` and `CLERK_MIRROR_PREFIX` if one of
 * them is set, else what the project's lock file says, else as in the repository.
 *
 * @param home The folder that has the project's `supabase/` in it.
 * @throws {Error} with a sentence, if one of them isn't a plain name, or the lock file can't be read.
 */
export async function readProjectNaming(home: string = homeFolder()): Promise<Naming> {
  const configured = await readConfigured();
  const isConfigured = ["CLERK_MIRROR_SCHEMA", "CLERK_MIRROR_PREFIX"].some((name) =>
    configured(name) !== undefined
  );
  if (isConfigured) return readNaming({ get: configured });
  return await readLockedNaming(join(home, LOCK_FILE)) ?? installedNaming;
}

async function readLockedNaming(path: string): Promise<Naming | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const naming = parseNaming(text);
  if (naming !== undefined) return naming;
  throw new Error(
    `"${path}" does not say what the mirror is called: it was changed after "init" wrote it. Restore it, ` +
      "or set CLERK_MIRROR_SCHEMA and CLERK_MIRROR_PREFIX",
  );
}

function parseNaming(text: string): Naming | undefined {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(lock)) return undefined;
  const { schema, prefix } = lock;
  if (typeof schema !== "string" || typeof prefix !== "string") return undefined;
  return isSchemaName(schema) && isPrefix(prefix) ? { schema, prefix } : undefined;
}
