import type { CallDatabase } from "../../functions/clerk-webhook/database.ts";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import type { ClerkSource } from "./clerk_source.ts";

/** Milliseconds by which the clocks of this machine and of the database may differ. */
export const CLOCK_TOLERANCE = 60_000;

/** What the mirror knows of the Clerk instance that it is of. */
export interface InstanceRecord {
  /** Undefined where no event, backfill or reconciliation has told yet. */
  instanceId?: string;
  /** Webhooks of other instances, which were not applied. */
  foreignWebhooks: { instanceId: string; count: number; lastReceivedAt: string }[];
  /** The database's clock, in Unix milliseconds. */
  now: number;
}

/** What to check, and for what. */
export interface InstanceCheck {
  source: ClerkSource;
  database: CallDatabase;
  /** Nothing may be written, not even which instance it is. */
  isDryRun?: boolean;
  /** Hears of what is worth a look. */
  warn(message: string): void;
}

/**
 * Makes sure that what is about to be read belongs here: the key is of the instance that is mirrored, and
 * this machine's clock can be trusted. The first run writes the instance down.
 *
 * @returns Whether the instance was known before: else nothing has shown yet that what is mirrored is of it.
 * @throws {Error} in a sentence, before anything is read or written.
 */
export async function checkInstance(options: InstanceCheck): Promise<boolean> {
  const { source, database, isDryRun = false, warn } = options;
  const record = await readInstance(database);
  const drift = Math.abs(record.now - Date.now());
  if (drift > CLOCK_TOLERANCE) {
    throw new Error(
      `This machine's clock and the database's differ by ${Math.round(drift / 1000)} s: ` +
        "what is newer can't be told. Nothing was read or written",
    );
  }

  const instanceId = await source.instanceId();
  const mirrored = record.instanceId ?? (isDryRun ? instanceId : await claim(database, instanceId));
  if (mirrored !== instanceId) {
    throw new Error(
      `The mirror is of the Clerk instance "${mirrored}", and CLERK_SECRET_KEY is of "${instanceId}". ` +
        `Nothing was read or written. Use the key of "${mirrored}"; or, if the mirror is to move to ` +
        `the other instance for good, run "deno task instance --move ${instanceId}" first`,
    );
  }
  for (const { instanceId, count, lastReceivedAt } of record.foreignWebhooks) {
    warn(
      `Not applied: webhooks of another Clerk instance, "${instanceId}", ${count} so far, last ` +
        `${lastReceivedAt}. An endpoint of that instance points here`,
    );
  }
  return record.instanceId !== undefined;
}

/** Reads what the mirror knows of its instance. */
export async function readInstance(database: CallDatabase): Promise<InstanceRecord> {
  const record = await database({ rpc: "read_instance", args: {} });
  if (!isRecord(record)) throw new Error("The mirror doesn't tell which instance it is of");
  const { instance_id, foreign_webhooks, now } = record;
  return {
    ...(typeof instance_id === "string" ? { instanceId: instance_id } : {}),
    foreignWebhooks: (Array.isArray(foreign_webhooks) ? foreign_webhooks : []).filter(isRecord).map(
      ({ instance_id, delivery_count, last_received_at }) => ({
        instanceId: String(instance_id),
        count: Number(delivery_count),
        lastReceivedAt: String(last_received_at),
      }),
    ),
    now: Date.parse(String(now)),
  };
}

async function claim(database: CallDatabase, instanceId: string): Promise<string> {
  return String(await database({ rpc: "claim_instance", args: { instance_id: instanceId } }));
}
