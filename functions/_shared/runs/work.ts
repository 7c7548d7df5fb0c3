import type { CallDatabaseInBulk } from "../../clerk-webhook/database.ts";
import type { ClerkSource } from "../clerk/clerk_source.ts";
import type { Resource } from "../clerk/resources.ts";
import type { Refused } from "../write_objects.ts";
import type { Budget } from "./budget.ts";
import type { HeldRun } from "./held_run.ts";
import type { Observer } from "./observer.ts";

/** What is needed to work on a run. */
export interface Work {
  held: HeldRun;
  source: ClerkSource;
  database: CallDatabaseInBulk;
  /** In dependency order. */
  resources: Resource[];
  budget: Budget;
  observer: Observer;
  /** What to do to move the mirror to another instance: `run "…"`. */
  howToMove(instanceId: string): string;
  /** How to allow this many deletions. */
  howToAllow(rows: number): string;
}

/** What all results of a resource have. */
export interface ResourceResult {
  name: string;
  /** The first objects that can't be mirrored. */
  refused: Refused[];
  refused_count: number;
  /** Objects that Clerk counts but didn't return, if there are any. */
  shortfall?: number;
  /** Why it was skipped, if it was. */
  skipped?: string;
}

/** Objects that a result lists; the others are only counted. */
const NAMED = 20;

/** Adds objects that can't be mirrored to a result. */
export function addRefused(result: ResourceResult, refused: Refused[]): void {
  result.refused_count += refused.length;
  result.refused.push(...refused.slice(0, NAMED - result.refused.length));
}
