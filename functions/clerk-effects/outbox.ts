import type { Supabase } from "../_shared/supabase.ts";
import type { Database } from "../_shared/database.types.ts";
import type { Effect } from "./effect.ts";

/** What the outbox holds for one handler. */
export type QueuedEffects = Database["public"]["Functions"]["read_effects"]["Returns"][number];

/** The outbox as the worker sees it. Each call throws if the database doesn't process it. */
export interface Outbox {
  /**
   * Reports which handlers can run here: from then on they are on, unless someone has switched them off.
   * Others stay as they are, for a worker that can run them.
   */
  register(handlers: string[]): Promise<void>;
  /** @param leaseSeconds How long the lease on the taken effects lasts. */
  take(handlers: string[], batchSize: number, leaseSeconds: number): Promise<Effect[]>;
  complete(effect: Effect): Promise<void>;
  /** @param delaySeconds Until the next attempt; undefined parks the effect. */
  fail(effect: Effect, reason: string, delaySeconds?: number): Promise<void>;
  /** What is queued, by handler. */
  read(): Promise<QueuedEffects[]>;
}

/** The outbox behind supabase-js. */
export function createOutbox(supabase: Supabase): Outbox {
  return {
    async register(handlers) {
      const { error } = await supabase.rpc("register_effects", { handlers });
      if (error) throw new Error(`Can't register the effects: "${error.code}"`, { cause: error });
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
    async read() {
      const { data, error } = await supabase.rpc("read_effects");
      if (error) throw new Error(`Can't read the effects: "${error.code}"`, { cause: error });
      return data;
    },
  };
}
