/** The target: a bound on the ratio. */
export type Target = { atLeast: number } | { atMost: number };

/** One row of the table: something of ours, measured side by side with a reference. */
export interface Comparison {
  /** What was measured, such as `user.updated, 16 connections`. */
  what: string;
  /** What it was measured against. */
  against: string;
  /** Medians of the rounds, in `unit`. */
  ours: number;
  reference: number;
  unit: string;
  /** Median of the rounds' own ratios, ours to the reference. */
  ratio: number;
  /** None if the row is only informative. */
  target?: Target;
}

/** How to measure. */
export interface BenchmarkOptions {
  /** Whether to only show that it works, in seconds and with small numbers. */
  isShort: boolean;
  /** Fraction of the usual size, for long benchmarks. */
  scale: number;
  /** Whether to log which plans the database chose. */
  showsPlans: boolean;
  /** Reports progress. */
  log(line: string): void;
}

/** One group of rows. */
export interface Benchmark {
  /** Its name in `deno task bench <name>`. */
  name: string;
  run(options: BenchmarkOptions): Promise<Comparison[]>;
}

/** Whether a comparison reaches its target; true if it has none. */
export function reachesTarget({ ratio, target }: Comparison): boolean {
  if (target === undefined) return true;
  return "atLeast" in target ? ratio >= target.atLeast : ratio <= target.atMost;
}
