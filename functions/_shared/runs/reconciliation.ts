import type { MirrorReader } from "../clerk/mirrored.ts";
import type { Resource } from "../clerk/resources.ts";
import type { ReconcileProgress, ReconcileResult, ResourceState } from "./reconcile_progress.ts";
import type { Work } from "./work.ts";

/** What all steps of a reconciliation share. */
export interface Reconciliation extends Work {
  isRepair: boolean;
  /** Milliseconds: what was updated this recently is left alone, since its webhook may be on its way. */
  grace: number;
  /** Rows that may be deleted from any one table, if they exceed the default limit. */
  allowedDeletions: number;
  /** Steps change it, and save it. */
  progress: ReconcileProgress;
  results: ReconcileResult[];
  /** Both as the database keeps them. */
  forKeeping(): [ReconcileProgress, ReconcileResult[]];
}

/** What the steps with one resource share. */
export interface ResourceStep {
  resource: Resource;
  /** Steps change it, and the result too. */
  state: ResourceState;
  result: ReconcileResult;
  /** Stands at `state.after`. */
  reader: MirrorReader;
}
