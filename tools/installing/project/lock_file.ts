/** What the mirror has added to a project: written by `init`, read by `upgrade` and `uninstall`. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { isPrefix, isSchemaName } from "../../../functions/_shared/naming.ts";

/** In `supabase/`. */
export const LOCK_FILE = "clerk-mirror.lock.json";

const version = z.string().regex(/^\d+\.\d+\.\d+$/);
const path = z.string().regex(/^[\w.-]+(?:\/[\w.-]+)*$/).refine((text) =>
  !text.split("/").includes("..")
);

const lockSchema = z.object({
  /** The version of the package that wrote it, and so of the functions. */
  version,
  schema: z.string().refine(isSchemaName),
  prefix: z.string().refine(isPrefix),
  /** Oldest first. Paths are below `supabase/`. */
  migrations: z.array(z.object({ file: path, releases: z.array(version).min(1) })).min(1),
  /** SHA-256 of each file that was written, by its path below `supabase/`. */
  files: z.record(path, z.string()),
  /** What was changed in the configuration, so that it can be undone. */
  config: z.object({
    file: path,
    functions: z.array(z.string()),
    schema: z.string().optional(),
    hunks: z.array(z.object({ before: z.string(), after: z.string() })),
  }),
});

/** What is recorded about an installation. */
export type Lock = z.infer<typeof lockSchema>;

/**
 * Reads it, if there is one.
 *
 * @param folder The project's `supabase/`.
 * @throws {Error} with a sentence, if it isn't as it was written.
 */
export function readLock(folder: string): Lock | undefined {
  const file = join(folder, LOCK_FILE);
  if (!existsSync(file)) return undefined;
  try {
    return lockSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new Error(
      `"supabase/${LOCK_FILE}" is damaged. Restore it from version control`,
      { cause },
    );
  }
}

export function formatLock(lock: Lock): string {
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/** The checksum of a text, regardless of the line endings that version control gave it. */
export function checksum(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
}
