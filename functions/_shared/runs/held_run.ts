import type { CallDatabaseInBulk } from "../../clerk-webhook/database.ts";
import type { Call } from "../../clerk-webhook/mapping.ts";
import type { Candidate } from "../clerk/mirrored.ts";
import type { Position } from "../clerk/read_pages.ts";
import type { Json } from "../database.types.ts";
import type { Run } from "./run.ts";

/** Someone else works on the run by now, or it was closed: whatever is done here no longer counts. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";

  constructor({ id }: Run) {
    super(`Someone else has taken run ${id}, or closed it`);
  }
}

/** How far a backfill has got with a resource. */
export interface Cursor {
  /** Undefined if the list turned out to be empty. */
  position?: Position;
  /** Objects that were read. */
  count: number;
  isFinished: boolean;
}

/** A run that is worked on here. Each call throws {@link LeaseLost} once someone else has the lease. */
export interface HeldRun {
  run: Run;
  /** Where the previous slice stopped. */
  progress: unknown;
  /** Whether the run has made progress here. */
  hasKept(): boolean;
  /** Saves the run's progress, and renews the lease. */
  keep(progress: object, results: object[]): Promise<void>;
  /** The same, with a backfill's cursor. */
  keepCursor(progress: object, results: object[], resource: string, cursor: Cursor): Promise<void>;
  /**
   * The same, with objects that were found to be gone.
   *
   * @param askedAt Unix milliseconds: Clerk was certainly asked after this time.
   */
  keepGone(
    progress: object,
    results: object[],
    table: string,
    objects: Candidate[],
    askedAt: number,
  ): Promise<void>;
  /** The same, with those of them that are settled. */
  settleGone(progress: object, results: object[], table: string, ids: string[]): Promise<void>;
  /** Renews the lease, with what was saved last. */
  renew(): Promise<void>;
  /** Releases the run: at once, or postponed by this many seconds for a reason. */
  release(reason?: string, delay?: number): Promise<void>;
  /** Concludes the run: done, or failed if there is a reason. */
  conclude(reason?: string): Promise<void>;
}

/** What {@link holdRun} makes its calls with. */
export interface HoldOptions {
  database: CallDatabaseInBulk;
  run: Run;
  lease: string;
  /** How long the lease lasts after each call. */
  leaseSeconds: number;
  progress: unknown;
}

/** Makes the calls of the lease holder, one after the other. */
export function holdRun(options: HoldOptions): HeldRun {
  const { database, run, lease, leaseSeconds } = options;
  let last: [progress: Json, results: Json] = [toJson(options.progress), toJson(run.results)];
  let hasKept = false;
  let queue: Promise<void> = Promise.resolve();

  function call(makeCall: () => Call): Promise<void> {
    const made = queue.then(async () => {
      if (await database(makeCall()) !== true) throw new LeaseLost(run);
    });
    // The next call doesn't depend on the outcome of this one.
    queue = made.catch(() => {});
    return made;
  }
  const holder = { run_id: run.id, run_lease: lease };
  const kept = () => ({
    ...holder,
    lease_seconds: leaseSeconds,
    progress: last[0],
    results: last[1],
  });
  const remember = (progress: object, results: object[]) => {
    last = [toJson(progress), toJson(results)];
    hasKept = true;
  };

  return {
    run,
    progress: options.progress,
    hasKept: () => hasKept,
    keep(progress, results) {
      remember(progress, results);
      return call(() => ({ rpc: "keep_run", args: kept() }));
    },
    keepCursor(progress, results, resource, { position, count, isFinished }) {
      remember(progress, results);
      return call(() => ({
        rpc: "keep_backfill_run",
        args: {
          ...kept(),
          resource,
          last_position: toJson(position ?? {}),
          object_count: count,
          is_finished: isFinished,
        },
      }));
    },
    keepGone(progress, results, table, objects, askedAt) {
      remember(progress, results);
      return call(() => ({
        rpc: "keep_gone_objects",
        args: {
          ...kept(),
          table_name: table,
          objects: objects.map(({ id, organization_id, user_id }) => ({
            id,
            organization_id,
            user_id,
          })),
          asked_at: new Date(askedAt).toISOString(),
        },
      }));
    },
    settleGone(progress, results, table, ids) {
      remember(progress, results);
      return call(() => ({
        rpc: "settle_gone_objects",
        args: { ...kept(), table_name: table, ids },
      }));
    },
    renew: () => call(() => ({ rpc: "keep_run", args: kept() })),
    release: (reason, delay) =>
      call(() => ({
        rpc: "release_run",
        args: {
          ...holder,
          ...(reason === undefined ? {} : { reason }),
          ...(delay === undefined ? {} : { delay_seconds: delay }),
        },
      })),
    conclude: (reason) =>
      call(() => ({
        rpc: "conclude_run",
        args: { ...holder, results: last[1], ...(reason === undefined ? {} : { reason }) },
      })),
  };
}

/** A snapshot: later changes must not be saved. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null));
}
