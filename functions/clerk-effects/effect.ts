import type { Database } from "../_shared/database.types.ts";
import type { Supabase } from "../_shared/supabase.ts";

/** One effect taken from the outbox: ids and times, no personal data. */
export type Effect = Database["public"]["Functions"]["take_effects"]["Returns"][number];

/** What a handler works with. */
export interface EffectContext {
  supabase: Supabase;
  /** Aborts whatever the handler is waiting for when its time is up. */
  signal: AbortSignal;
}

/** Runs the effects of one name. The same effect may come again, so handlers must be idempotent. */
export interface EffectHandler {
  /** As in the column `handler` of `clerk_sync.effects`. */
  name: string;
  /**
   * Runs an effect.
   *
   * @returns Why there was nothing to do, for the log; undefined if it was done.
   * @throws {RetryLater} to be called again after a time, {@link GiveUp} not to be called again; any other
   * error is retried with backoff.
   */
  run(effect: Effect, context: EffectContext): Promise<string | undefined>;
}

/** The provider names a time to wait. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";

  /** @param seconds Until the next attempt, at least. */
  constructor(message: string, readonly seconds: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Retrying can't help. */
export class GiveUp extends Error {
  override readonly name = "GiveUp";
}
