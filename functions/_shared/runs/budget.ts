import process from "node:process";

/** How much a slice may work. */
export interface Budget {
  /** Counts objects that came in lists, and those that were asked for or deleted one by one. */
  spend(listed: number, single?: number): void;
  /** Whether the slice has to stop where it can. */
  isSpent(): boolean;
}

/** What a slice may take. */
export interface BudgetLimits {
  /** Milliseconds by the clock. */
  wallTime: number;
  /** Milliseconds of the processor, as far as it can be told. */
  processorTime: number;
  /** Objects: by them the processor's time is bounded where it can't be told. */
  objects: number;
}

/** An object that is asked for by itself takes as much of the processor as so many of a list. */
const SINGLE = 10;

/** For whoever has all the time. */
export const unlimited: Budget = { spend() {}, isSpent: () => false };

/** Begins a budget. The processor's time is that of the whole process: neighbours count. */
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

/** Milliseconds; 0 where a runtime does not tell. */
export function processorTimeSoFar(): number {
  try {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  } catch {
    return 0;
  }
}
