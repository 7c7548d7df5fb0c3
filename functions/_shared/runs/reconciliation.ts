import type { MirrorReader } from "../clerk/mirrored.ts";
import type { Resource } from "../clerk/resources.ts";
import type { ReconcileProgress, ReconcileResult, ResourceState } from "./reconcile_progress.ts";
import type { Work } from "./work.ts";

/** What all steps of a reconciliation share. */
export interface Reconciliation extends Work {
  isRepair: boolean;
  /** Milliseconds: what was updated within them is left alone, since its webhook may be on its way. */
  grace: number;
  /** Rows of any one table that may be deleted, where they are more than go by themselves. */
  allowedDeletions: number;
  /** Steps change it, and keep it. */
  progress: ReconcileProgress;
  results: ReconcileResult[];
  /** Both as the database keeps them. */
  forKeeping(): [ReconcileProgress, ReconcileResult[]];
}

/** What the steps with one resource share. */
export interface ResourceStep {
  resource: Resource;
  /** Steps change it, as they do the result. */
  state: ResourceState;
  result: ReconcileResult;
  /** Stands where `state.after` says. */
  reader: MirrorReader;
}
