import type { Journal } from "../_shared/journal.ts";
import type { Supabase } from "../_shared/supabase.ts";
import { backoff, MAX_ATTEMPTS } from "./backoff.ts";
import { type Effect, type EffectHandler, GiveUp, RetryLater } from "./effect.ts";
import type { Outbox } from "./outbox.ts";

/** Effects that are taken, and run concurrently, at once. */
const BATCH_SIZE = 10;

/** Seconds: longer than a handler may take, so that no effect runs twice at the same time. */
const LEASE = 60;

/** Milliseconds that a handler may take. */
const HANDLER_TIMEOUT = 20_000;

/** Milliseconds after which no further batch is taken: a function lives 150 s. */
const TIME_BUDGET = 100_000;

/** The totals of a run of the worker. */
export interface DrainReport {
  completed: number;
  retried: number;
  parked: number;
}

/** What a run works with. */
export interface DrainOptions {
  outbox: Outbox;
  supabase: Supabase;
  handlers: readonly EffectHandler[];
  /** Gets one line per effect. */
  journal: Journal;
  /** Milliseconds; 20,000 by default. */
  handlerTimeout?: number;
}

/**
 * Runs what is due, batch by batch, until nothing is left or time is up. What is due but can't be run here is
 * left to a worker that can, and reported, so that it doesn't wait unnoticed.
 */
export async function drain(options: DrainOptions): Promise<DrainReport> {
  const { outbox, handlers, journal } = options;
  const names = handlers.map(({ name }) => name);
  const report: DrainReport = { completed: 0, retried: 0, parked: 0 };
  const deadline = Date.now() + TIME_BUDGET;
  while (Date.now() < deadline) {
    const effects = await outbox.take(names, BATCH_SIZE, LEASE);
    if (effects.length === 0) break;
    await Promise.all(effects.map(async (effect) => {
      report[await runEffect(effect, options)]++;
    }));
  }
  for (const { handler, is_enabled, due_count, due_since } of await outbox.read()) {
    const isOff = is_enabled === false;
    if (due_count === 0 || (names.includes(handler) && !isOff)) continue;
    const reason = isOff ? "switched off" : "not configured here";
    journal.fail({ handler, outcome: "waiting", due_count, due_since, reason });
  }
  return report;
}

async function runEffect(effect: Effect, options: DrainOptions): Promise<keyof DrainReport> {
  const { outbox, supabase, handlers, journal, handlerTimeout = HANDLER_TIMEOUT } = options;
  const handler = handlers.find(({ name }) => name === effect.handler);
  const { webhook_id, attempts } = effect;
  const subject = { webhook_id, handler: effect.handler, attempt: attempts };
  try {
    if (handler === undefined) throw new GiveUp(`There is no handler "${effect.handler}"`);
    const signal = AbortSignal.timeout(handlerTimeout);
    const skipped = await untilAborted(handler.run(effect, { supabase, signal }), signal);
    await outbox.complete(effect);
    journal.succeed({
      ...subject,
      ...(skipped ? { outcome: "skipped", reason: skipped } : { outcome: "completed" }),
    });
    return "completed";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isOver = error instanceof GiveUp || effect.attempts >= MAX_ATTEMPTS;
    const delay = isOver ? undefined : delayAfter(error, effect.attempts);
    await outbox.fail(effect, reason, delay);
    journal.fail({ ...subject, outcome: isOver ? "parked" : "retried", reason });
    return isOver ? "parked" : "retried";
  }
}

function delayAfter(error: unknown, attempts: number): number {
  const delay = backoff(attempts, Math.random());
  return error instanceof RetryLater ? Math.max(delay, error.seconds) : delay;
}

/** A provider's client may not support signals: a call that hangs is abandoned. */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Error("The handler took too long", { cause: signal.reason }));
  });
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
