import type { CallDatabaseInBulk } from "../clerk-webhook/database.ts";
import { isRecord } from "../clerk-webhook/json.ts";
import { Mismatch } from "../_shared/clerk/check_instance.ts";
import { ClerkTrouble, createClerkSource } from "../_shared/clerk/clerk_source.ts";
import type { Turns } from "../_shared/clerk/request_limit.ts";
import { resources } from "../_shared/clerk/resources.ts";
import type { ClerkEnv } from "../_shared/clerk_env.ts";
import { describeTrouble } from "../_shared/patient_database.ts";
import { beginBudget, type BudgetLimits } from "../_shared/runs/budget.ts";
import { type HeldRun, LeaseLost } from "../_shared/runs/held_run.ts";
import { unobserved } from "../_shared/runs/observer.ts";
import { workOnRun } from "../_shared/runs/work_on_run.ts";

/** How often a request to Clerk is retried within a slice, and the longest pause in milliseconds. */
const RETRIES = 2;
const LONGEST_PAUSE = 3_000;

/** Milliseconds that one request to Clerk may take. */
const TIMEOUT = 10_000;

/** Failed slices in a row without progress before the run has failed. */
const MAX_FAILURES = 10;

/** Seconds that a run is postponed after a failed slice: twice as long each time. */
const FIRST_DELAY = 5;
const LONGEST_DELAY = 600;

/** How a slice ended. */
export interface SliceEnd {
  /** `busy`: someone else has taken the run in the meantime. */
  state: "open" | "done" | "failed" | "busy";
  /** Why it failed, if it did. */
  reason?: string;
  /** Seconds until the run can be taken again. */
  delay: number;
}

/** What a slice works with. */
export interface SliceOptions {
  held: HeldRun;
  database: CallDatabaseInBulk;
  clerk: ClerkEnv;
  budget: BudgetLimits;
  /** Receives warnings. */
  warn(message: string): void;
}

/**
 * Works on a run until it is done or the budget is spent, and releases it. A transient problem doesn't fail
 * the run: it is postponed, and only fails after many failed slices in a row.
 */
export async function runSlice(options: SliceOptions): Promise<SliceEnd> {
  const { held, database, clerk } = options;
  const { only } = held.run.options;
  try {
    const isDone = await workOnRun({
      held,
      source: createClerkSource({
        ...clerk,
        retries: RETRIES,
        longestPause: LONGEST_PAUSE,
        timeout: TIMEOUT,
        turns: turnsOf(held.progress),
      }),
      database,
      resources: resources.filter(({ name }) => only === undefined || only.includes(name)),
      budget: beginBudget(options.budget),
      observer: { ...unobserved, warn: options.warn },
      howToMove: (id) => `run the command "instance --move ${id}"`,
      howToAllow: (rows) =>
        `ask for "allow_deletions": ${rows}, or run the command "reconcile --repair --allow-deletions ${rows}"`,
    });
    await (isDone ? held.conclude() : held.release());
    return { state: isDone ? "done" : "open", delay: 0 };
  } catch (error) {
    if (error instanceof LeaseLost) return { state: "busy", reason: error.message, delay: 0 };
    return await giveBack(held, error);
  }
}

async function giveBack(held: HeldRun, error: unknown): Promise<SliceEnd> {
  const reason = error instanceof Mismatch || error instanceof ClerkTrouble
    ? error.message
    : describeTrouble(error);
  const failures = held.hasKept() ? 1 : held.run.failureCount + 1;
  const isOver = error instanceof Mismatch ||
    (error instanceof ClerkTrouble && !error.canPass) || failures >= MAX_FAILURES;
  if (isOver) {
    await held.conclude(reason);
    return { state: "failed", reason, delay: 0 };
  }

  const retryAfter = error instanceof ClerkTrouble ? error.retryAfter / 1000 : 0;
  const delay = Math.max(retryAfter, Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1)));
  await held.release(reason, delay);
  return { state: "open", reason, delay };
}

/** The requests that earlier slices made to Clerk recently. */
function turnsOf(progress: unknown): Turns {
  const turns: unknown[] = isRecord(progress) && Array.isArray(progress.turns)
    ? progress.turns
    : [];
  return turns.flatMap((turn): Turns => {
    const [second, count]: unknown[] = Array.isArray(turn) ? turn : [];
    return typeof second === "number" && typeof count === "number" ? [[second, count]] : [];
  });
}
