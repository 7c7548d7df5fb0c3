import type { CallDatabase } from "../../clerk-webhook/database.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import type { ClerkSource } from "./clerk_source.ts";
import { readFirstMirrored } from "./mirrored.ts";
import { MAX_FILTER_IDS } from "./resources.ts";

/** Milliseconds by which this machine's clock may differ from the database's, or from Clerk's. */
export const CLOCK_TOLERANCE = 60_000;

/** What the mirror knows about the Clerk instance it belongs to. */
export interface InstanceRecord {
  /** Undefined before the first event, backfill or reconciliation. */
  instanceId?: string;
  /** Webhooks from other instances, which were not applied. */
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
  /** What to do to move the mirror to another instance: `run "…"`. */
  howToMove(instanceId: string): string;
  /** Receives warnings. */
  warn(message: string): void;
}

/** What would be read doesn't belong here, or can't be compared. Permanent: retrying doesn't help. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/**
 * Makes sure that what is about to be read belongs here: the key is for the mirrored instance, and this
 * machine's clock can be trusted. The first run records the instance.
 *
 * @returns Whether the instance was already known; if not, nothing proves yet that the mirrored rows are its
 * own.
 * @throws {Mismatch} with a sentence as its message, before anything is written.
 */
export async function checkInstance(options: InstanceCheck): Promise<boolean> {
  const { source, database, isDryRun = false, howToMove, warn } = options;
  const record = await readInstance(database);
  const drift = Math.abs(record.now - Date.now());
  if (drift > CLOCK_TOLERANCE) {
    throw new Mismatch(
      `This machine's clock and the database's differ by ${Math.round(drift / 1000)} s: ` +
        "there is no telling what is newer. Nothing was read or written",
    );
  }

  const instanceId = await source.instanceId();
  if (record.instanceId === undefined) await expectAcquaintance(options, instanceId);
  const mirrored = record.instanceId ??
    (isDryRun ? instanceId : await claimInstance(database, instanceId));
  if (mirrored !== instanceId) {
    throw new Mismatch(
      `The mirror belongs to the Clerk instance "${mirrored}", and CLERK_SECRET_KEY to "${instanceId}". ` +
        `Nothing was read or written. Use the key of "${mirrored}"; or, to move the mirror to ` +
        `the other instance for good, ${howToMove(instanceId)} first`,
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

/**
 * If a mirror has users but doesn't know its instance, this one must know some of them. Otherwise the wrong
 * instance would be recorded for good, and the right one's events kept out.
 */
async function expectAcquaintance(
  { source, database, howToMove }: InstanceCheck,
  instanceId: string,
): Promise<void> {
  const users = await readFirstMirrored(database, "profiles", MAX_FILTER_IDS);
  const userId = users.map(({ id }) => id);
  if (userId.length === 0) return;
  const { data } = await source.ask(
    (clerk) => clerk.users.getUserList({ userId, limit: MAX_FILTER_IDS }),
    2,
  );
  if (data.length > 0) return;
  throw new Mismatch(
    `The mirror has users, but the Clerk instance "${instanceId}" knows none of the ` +
      `${userId.length} that it was asked for: CLERK_SECRET_KEY seems to belong to another instance. ` +
      `Nothing was written. If it is the right one, ${howToMove(instanceId)} first`,
  );
}

/** Reads what the mirror knows about its instance. */
export async function readInstance(database: CallDatabase): Promise<InstanceRecord> {
  const record = await database({ rpc: "read_instance", args: {} });
  if (!isRecord(record)) throw new Error("The mirror doesn't say which instance it belongs to");
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

/** Records an instance if none is known. Returns the one that is known then. */
export async function claimInstance(
  database: CallDatabase,
  instanceId: string,
): Promise<string> {
  return String(await database({ rpc: "claim_instance", args: { instance_id: instanceId } }));
}
