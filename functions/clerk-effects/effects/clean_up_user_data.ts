import type { Supabase } from "../../_shared/supabase.ts";
import { type EffectHandler, GiveUp } from "../effect.ts";

/** Which Storage buckets hold users' folders, each named after the user's id. */
export interface CleanUpConfig {
  buckets: string[];
}

/** Objects that are listed and removed at once. */
const PAGE_SIZE = 100;

/**
 * Removes what a deleted user left in Storage: everything below `<user id>/` in each bucket. The user's rows
 * in the database are already gone, in the event's transaction.
 */
export function cleanUpUserData({ buckets }: CleanUpConfig): EffectHandler {
  return {
    name: "clean_up_user_data",
    async run({ object_id }, { supabase, signal }) {
      // A folder's name: nothing that could mean a whole bucket, or someone else's folder.
      if (!/^\w+$/.test(object_id)) throw new GiveUp(`"${object_id}" is not the id of a user`);
      let removed = 0;
      for (const bucket of buckets) {
        removed += await removeFolder(supabase, bucket, object_id, signal);
      }
      return removed === 0 ? "the user had no objects" : undefined;
    },
  };
}

async function removeFolder(
  supabase: Supabase,
  bucket: string,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const storage = supabase.storage.from(bucket);
  let removed = 0;
  while (true) {
    signal.throwIfAborted();
    // Always the first page: what was on it before is gone by now.
    const { data, error } = await storage.list(folder, { limit: PAGE_SIZE }, { signal });
    if (error) throw new Error(`The bucket "${bucket}" can't be listed`, { cause: error });
    if (data.length === 0) return removed;

    // A folder is an entry without an id.
    const folders = data.filter(({ id }) => id === null);
    for (const { name } of folders) {
      removed += await removeFolder(supabase, bucket, `${folder}/${name}`, signal);
    }
    const paths = data.filter(({ id }) => id !== null).map(({ name }) => `${folder}/${name}`);
    if (paths.length === 0) continue;
    const removal = await storage.remove(paths);
    if (removal.error) {
      throw new Error(`The bucket "${bucket}" can't be emptied`, { cause: removal.error });
    }
    removed += paths.length;
  }
}
