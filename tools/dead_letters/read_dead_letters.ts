import type { Database } from "../../functions/_shared/database.types.ts";
import { createSupabase } from "../../functions/_shared/supabase.ts";
import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";

/** An event that could not be applied. */
export type DeadLetter = Database["public"]["Functions"]["read_dead_letters"]["Returns"][number];

/** Letters that are read at once. */
const PAGE_SIZE = 100;

/** Milliseconds that a page may take: longer than the function's own statement timeout. */
const TIMEOUT = 8_000;

/**
 * All letters, or those named, page by page.
 *
 * @throws {Error} with the API's own error as `cause`, if they can't be read.
 */
export async function* readDeadLetters(
  project: SupabaseEnv,
  ids: string[] = [],
): AsyncGenerator<DeadLetter> {
  const supabase = createSupabase(project);
  const sought = new Set(ids);
  let after = "";
  while (true) {
    const { data, error } = await supabase.rpc("read_dead_letters", {
      after_webhook_id: after,
      page_size: PAGE_SIZE,
    }).abortSignal(AbortSignal.timeout(TIMEOUT));
    if (error) {
      throw new Error(`The dead letters can't be read: ${error.message}`, { cause: error });
    }
    for (const letter of data) {
      if (ids.length === 0 || sought.delete(letter.webhook_id)) yield letter;
    }
    if (ids.length > 0 && sought.size === 0) return;
    const last = data.at(-1);
    if (last === undefined || data.length < PAGE_SIZE) return;
    after = last.webhook_id;
  }
}
