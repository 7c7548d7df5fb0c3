import * as z from "zod/mini";

const time = z.string();
const nullableTime = z.nullable(time);

const counts = z.looseObject({
  applied: z.number(),
  stale: z.number(),
  duplicate: z.number(),
  dead_lettered: z.number(),
  is_at_least: z.boolean(),
});

const result = z.looseObject({
  name: z.string(),
  count: z.optional(z.nullable(z.number())),
  compared: z.optional(z.nullable(z.number())),
  missing: z.optional(z.nullable(z.number())),
  outdated: z.optional(z.nullable(z.number())),
  buried: z.optional(z.nullable(z.number())),
  gone: z.optional(z.nullable(z.number())),
  repaired: z.optional(z.nullable(z.number())),
  refused_count: z.optional(z.nullable(z.number())),
  kept: z.optional(z.nullable(z.string())),
  shortfall: z.optional(z.nullable(z.number())),
});

const run = z.looseObject({
  id: z.number(),
  kind: z.string(),
  asked_by: z.string(),
  is_repair: z.boolean(),
  state: z.string(),
  started_at: time,
  ended_at: nullableTime,
  lease_until: nullableTime,
  results: z.array(result),
  error: z.nullable(z.string()),
});

const effect = z.looseObject({
  handler: z.string(),
  is_enabled: z.nullable(z.boolean()),
  due_count: z.number(),
  due_since: nullableTime,
  late_count: z.number(),
  parked_count: z.number(),
  is_at_least: z.boolean(),
});

const job = z.looseObject({
  name: z.string(),
  schedule: z.string(),
  is_active: z.boolean(),
  last_started_at: nullableTime,
  last_status: z.nullable(z.string()),
  last_message: z.nullable(z.string()),
});

/** What `read_status()` returns, as far as it is judged. A later release may return more. */
const facts = z.looseObject({
  now: time,
  release: z.nullable(z.string()),
  last_webhook: z.nullable(
    z.looseObject({ received_at: time, type: z.string(), outcome: z.string() }),
  ),
  last_hour: counts,
  last_day: counts,
  ledger: z.looseObject({
    rows: z.number(),
    bytes: z.number(),
    oldest_received_at: nullableTime,
  }),
  dead_letters: z.looseObject({
    count: z.number(),
    is_at_least: z.boolean(),
    oldest_received_at: nullableTime,
    reasons: z.record(z.string(), z.number()),
  }),
  effects: z.array(effect),
  runs: z.looseObject({
    open: z.nullable(run),
    last_reconcile: z.nullable(run),
    last_backfill: z.nullable(run),
    last_reconciled_at: nullableTime,
  }),
  backfill_cursors: z.array(z.looseObject({
    resource: z.string(),
    object_count: z.number(),
    is_finished: z.boolean(),
    updated_at: time,
  })),
  instance: z.looseObject({
    instance_id: z.nullable(z.string()),
    foreign_webhooks: z.array(z.looseObject({
      instance_id: z.string(),
      delivery_count: z.number(),
      last_received_at: time,
    })),
  }),
  schedule: z.looseObject({
    is_scheduled: z.boolean(),
    project_url: z.nullable(z.string()),
    missing_extensions: z.array(z.string()),
    jobs: z.array(job),
  }),
});

/** What the database reports about itself. */
export type Facts = z.output<typeof facts>;

/** A backfill or a reconciliation. */
export type Run = z.output<typeof run>;

/** Undefined if it isn't what this release of `read_status()` returns. */
export function parseFacts(value: unknown): Facts | undefined {
  const { success, data } = facts.safeParse(value);
  return success ? data : undefined;
}

/** Milliseconds since a time, by the database's own clock. */
export function ageOf(at: string, { now }: Pick<Facts, "now">): number {
  return Date.parse(now) - Date.parse(at);
}
