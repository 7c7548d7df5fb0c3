import process from "node:process";

/** How much a slice may work. */
export interface Budget {
  /** Counts objects that came in lists, and those that were fetched or deleted one by one. */
  spend(listed: number, single?: number): void;
  /** Whether the slice has to stop at the next opportunity. */
  isSpent(): boolean;
}

/** What a slice may use. */
export interface BudgetLimits {
  /** Milliseconds of wall time. */
  wallTime: number;
  /** Milliseconds of processor time, if the runtime reports it. */
  processorTime: number;
  /** Objects: they bound the processor time if the runtime doesn't report it. */
  objects: number;
}

/** An object that is fetched on its own takes as much processor time as this many from a list. */
const SINGLE = 10;

/** For callers without a limit. */
export const unlimited: Budget = { spend() {}, isSpent: () => false };

/** Starts a budget. Processor time is that of the whole process: neighbours count. */
export function beginBudget({ wallTime, processorTime, objects }: BudgetLimits): Budget {
  const startedAt = performance.now();
  const processorAt = processorTimeSoFar();
  let left = objects;
  return {
    spend(listed, single = 0) {
      left -= listed + SINGLE * single;
    },
    isSpent: () =>
      left <= 0 || performance.now() - startedAt >= wallTime ||
      processorTimeSoFar() - processorAt >= processorTime,
  };
}

/** Milliseconds; 0 if the runtime doesn't report it. */
export function processorTimeSoFar(): number {
  try {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  } catch {
    return 0;
  }
}
