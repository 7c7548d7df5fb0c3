import type { Supabase } from "../_shared/supabase.ts";
import type { Effect } from "./effect.ts";

/** The outbox as the worker sees it. Each call throws if the database does not process it. */
export interface Outbox {
  /** Tells which handlers are configured: only for these is anything enqueued. */
  configure(handlers: string[]): Promise<void>;
  /** @param leaseSeconds How long nobody else takes what is taken. */
  take(handlers: string[], batchSize: number, leaseSeconds: number): Promise<Effect[]>;
  complete(effect: Effect): Promise<void>;
  /** @param delaySeconds Until the next attempt; undefined parks the effect. */
  fail(effect: Effect, reason: string, delaySeconds?: number): Promise<void>;
}

/** The outbox behind supabase-js. */
export function createOutbox(supabase: Supabase): Outbox {
  return {
    async configure(handlers) {
      const { error } = await supabase.rpc("configure_effects", { handlers });
      if (error) throw new Error(`Can't configure the effects: "${error.code}"`, { cause: error });
    },
    async take(handlers, batchSize, leaseSeconds) {
      const { data, error } = await supabase.rpc("take_effects", {
        handlers,
        batch_size: batchSize,
        lease_seconds: leaseSeconds,
      });
      if (error) throw new Error(`Can't take effects: "${error.code}"`, { cause: error });
      return data;
    },
    async complete({ id, lease }) {
      const { error } = await supabase.rpc("complete_effect", {
        effect_id: id,
        effect_lease: lease,
      });
      if (error) throw new Error(`Can't complete an effect: "${error.code}"`, { cause: error });
    },
    async fail({ id, lease }, reason, delaySeconds) {
      const { error } = await supabase.rpc("fail_effect", {
        effect_id: id,
        effect_lease: lease,
        reason,
        ...(delaySeconds === undefined ? {} : { delay_seconds: delaySeconds }),
      });
      if (error) throw new Error(`Can't put an effect off: "${error.code}"`, { cause: error });
    },
  };
}
