import { idsOrWord, records, text, textOrNull } from "../fields.ts";
import { HttpError } from "../http_error.ts";
import { countOf, requireConfirmation } from "../require_confirmation.ts";
import type { CallFunction } from "../project_client.ts";
import type { Route } from "../route.ts";
import type { Effects, RetryResults } from "../shapes.ts";

/** Effects that are shown. */
const SHOWN = 200;

/** Effects that one call makes due, at most. */
const RETRIED_AT_ONCE = 1_000;

export const effectRoutes: Route[] = [
  {
    method: "GET",
    path: "/api/effects",
    async answer(_question, { call }): Promise<Effects> {
      const [handlers, effects] = await Promise.all([
        call("read_effects"),
        call("read_outbox", { page_size: SHOWN }),
      ]);
      return {
        handlers: records(handlers).map((queue) => ({
          handler: text(queue.handler),
          isEnabled: typeof queue.is_enabled === "boolean" ? queue.is_enabled : null,
          dueCount: Number(queue.due_count),
          dueSince: textOrNull(queue.due_since),
          parkedCount: Number(queue.parked_count),
        })),
        effects: records(effects).map((effect) => ({
          id: text(effect.id),
          handler: text(effect.handler),
          eventType: text(effect.event_type),
          objectId: text(effect.object_id),
          state: toState(effect.state),
          attempts: Number(effect.attempts),
          dueAt: text(effect.due_at),
          lastError: textOrNull(effect.last_error),
        })),
      };
    },
  },
  {
    method: "POST",
    path: "/api/effects/retry",
    async answer(question, context): Promise<RetryResults> {
      const ids = idsOrWord(question.body.ids, "parked");
      if (ids !== "parked" && !ids.every((id) => /^\d{1,18}$/.test(id))) {
        throw new HttpError(400, '"ids" contains something that is not an effect\'s id');
      }
      await requireConfirmation(question, context, async () => {
        const count = ids === "parked" ? await countParked(context.call) : ids.length;
        return `make ${countOf(count, "parked effect")} due again`;
      });
      return { count: await retry(ids, context.call) };
    },
  },
];

async function countParked(call: CallFunction): Promise<number> {
  const queues = records(await call("read_effects"));
  return queues.reduce((sum, { parked_count }) => sum + Number(parked_count), 0);
}

async function retry(ids: string[] | "parked", call: CallFunction): Promise<number> {
  let sum = 0;
  while (true) {
    const count = Number(await call("retry_effects", ids === "parked" ? {} : { ids }));
    sum += count;
    if (count < RETRIED_AT_ONCE) return sum;
  }
}

function toState(state: unknown): Effects["effects"][number]["state"] {
  return state === "parked" || state === "running" || state === "due" ? state : "waiting";
}
