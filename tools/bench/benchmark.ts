/** What to reach: a bound on the ratio. */
export type Target = { atLeast: number } | { atMost: number };

/** One line of the table: something of ours, measured side by side with a reference. */
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
  /** None for a line that is there for information. */
  target?: Target;
}

/** How to measure. */
export interface BenchmarkOptions {
  /** Whether to show only that it works, in seconds and with small numbers. */
  isShort: boolean;
  /** Share of the usual size, where a benchmark is long. */
  scale: number;
  /** Whether to say, by `log`, which plans the database chose. */
  showsPlans: boolean;
  /** Says what is going on, for whoever waits. */
  log(line: string): void;
}

/** One group of lines. */
export interface Benchmark {
  /** What `deno task bench <name>` calls it. */
  name: string;
  run(options: BenchmarkOptions): Promise<Comparison[]>;
}

/** Whether a comparison reaches its target; true without one. */
export function reachesTarget({ ratio, target }: Comparison): boolean {
  if (target === undefined) return true;
  return "atLeast" in target ? ratio >= target.atLeast : ratio <= target.atMost;
}
