import { createDatabase } from "../../../functions/clerk-webhook/database.ts";
import { readDeadLetters } from "../../commands/dead_letters/read_dead_letters.ts";
import { replayDeadLetter } from "../../commands/dead_letters/replay_dead_letter.ts";
import { idsOrWord, records, text } from "../fields.ts";
import { HttpError } from "../http_error.ts";
import { countOf, requireConfirmation } from "../require_confirmation.ts";
import type { Context, Route } from "../route.ts";
import type { DeadLetters, ReplayResults } from "../shapes.ts";

/** Letters that are shown with their payloads, each of which may be a megabyte. */
const SHOWN = 100;

type ReplayResult = ReplayResults["results"][number];

export const deadLetterRoutes: Route[] = [
  {
    method: "GET",
    path: "/api/dead-letters",
    async answer(_question, { call }): Promise<DeadLetters> {
      const [letters, count] = await Promise.all([
        call("read_dead_letters", { page_size: SHOWN }),
        call("count_dead_letters"),
      ]);
      return {
        deadLetters: records(letters).map((letter) => ({
          id: text(letter.webhook_id),
          type: text(letter.type),
          reason: text(letter.reason),
          payload: letter.payload,
          attempts: Number(letter.attempts),
          receivedAt: text(letter.first_failed_at),
        })),
        count: Number(count),
      };
    },
  },
  {
    method: "POST",
    path: "/api/dead-letters/replay",
    async answer(question, context): Promise<ReplayResults> {
      const ids = idsOrWord(question.body.ids, "all");
      await requireConfirmation(question, context, async () => {
        const count = ids === "all" ? Number(await context.call("count_dead_letters")) : ids.length;
        return `replay ${countOf(count, "dead letter")}`;
      });
      return { results: await replay(ids, context) };
    },
  },
];

async function replay(ids: string[] | "all", { project, call }: Context): Promise<ReplayResult[]> {
  const database = createDatabase(project);
  const results: ReplayResult[] = [];
  // Says in a sentence whether the database is there, before anything is replayed.
  await call("count_dead_letters");
  try {
    for await (const letter of readDeadLetters(project, ids === "all" ? [] : ids)) {
      results.push({ id: letter.webhook_id, outcome: await replayDeadLetter(letter, database) });
    }
    return [...await withReasons(results, project), ...missing(ids, results)];
  } catch (cause) {
    throw new HttpError(
      503,
      `The database no longer answers: ${countOf(results.length, "dead letter")} had been replayed`,
      { cause },
    );
  }
}

function missing(ids: string[] | "all", results: ReplayResult[]): ReplayResult[] {
  if (ids === "all") return [];
  const found = new Set(results.map(({ id }) => id));
  return [...new Set(ids)].filter((id) => !found.has(id))
    .map((id) => ({ id, outcome: "missing", reason: "There is no such dead letter" }));
}

/** Why those that are dead letters still can't be applied. */
async function withReasons(
  results: ReplayResult[],
  project: Context["project"],
): Promise<ReplayResult[]> {
  const failed = results.filter(({ outcome }) => outcome === "dead_lettered").map(({ id }) => id);
  if (failed.length === 0) return results;
  const reasons = new Map<string, string>();
  for await (const letter of readDeadLetters(project, failed)) {
    reasons.set(letter.webhook_id, letter.reason);
  }
  return results.map((result) => {
    const reason = reasons.get(result.id);
    return reason === undefined ? result : { ...result, reason };
  });
}
