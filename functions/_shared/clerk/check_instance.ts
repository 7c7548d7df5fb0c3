import type { CallDatabase } from "../../clerk-webhook/database.ts";
import { isRecord } from "../../clerk-webhook/json.ts";
import type { ClerkSource } from "./clerk_source.ts";
import { readFirstMirrored } from "./mirrored.ts";
import { MAX_FILTER_IDS } from "./resources.ts";

/** Milliseconds by which this machine's clock may differ from the database's, or from Clerk's. */
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
  /** What to do to move the mirror to another instance: `run "…"`. */
  howToMove(instanceId: string): string;
  /** Hears of what is worth a look. */
  warn(message: string): void;
}

/** What would be read does not belong here, or can't be compared: reading it again changes nothing. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/**
 * Makes sure that what is about to be read belongs here: the key is of the instance that is mirrored, and
 * this machine's clock can be trusted. The first run writes the instance down.
 *
 * @returns Whether the instance was known before: else nothing has shown yet that what is mirrored is of it.
 * @throws {Mismatch} in a sentence, before anything is written.
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
 * Where a mirror has users and knows of no instance, some of them have to be known to this one: else it
 * would be written down for good, and the right one's events kept out.
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

/** Reads what the mirror knows of its instance. */
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

/** Writes an instance down where none is known. Returns the one that is known then. */
export async function claimInstance(
  database: CallDatabase,
  instanceId: string,
): Promise<string> {
  return String(await database({ rpc: "claim_instance", args: { instance_id: instanceId } }));
}
