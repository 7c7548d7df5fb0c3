/** Measures the mirror side by side with plain references, on this machine. */
import { parseArgs, styleText } from "node:util";
import { backfillBenchmark } from "./bench/backfill_benchmark.ts";
import { backfillMemoryBenchmark } from "./bench/backfill_memory_benchmark.ts";
import { type Benchmark, type Comparison, reachesTarget, type Target } from "./bench/benchmark.ts";
import { coldStartBenchmark } from "./bench/cold_start_benchmark.ts";
import { endToEndBenchmark } from "./bench/end_to_end_benchmark.ts";
import { eventBenchmark } from "./bench/event_benchmark.ts";
import { functionBenchmark } from "./bench/function_benchmark.ts";
import { growthBenchmark } from "./bench/growth_benchmark.ts";
import { rlsBenchmark } from "./bench/rls_benchmark.ts";
import { runMain } from "./cli/run_main.ts";
import { formatTable } from "./cli/table.ts";

/** All there are, in the order in which they run. */
const BENCHMARKS: Benchmark[] = [
  eventBenchmark,
  growthBenchmark,
  functionBenchmark,
  coldStartBenchmark,
  endToEndBenchmark,
  backfillBenchmark,
  backfillMemoryBenchmark,
  rlsBenchmark,
];

const USAGE = `Usage: deno task bench [options] [name …]

  deno task bench          Run all benchmarks
  deno task bench --short  Show in seconds that they work; the figures say little
  deno task bench event    Run one: ${BENCHMARKS.map(({ name }) => name).join(", ")}

Options:
  --short  Small numbers, few rounds
  --plans  Print the plans of the queries under row level security
  --json   Print the comparisons as JSON`;

async function main(args: string[]): Promise<void> {
  const { values, positionals: names } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      short: { type: "boolean", default: false },
      plans: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const benchmarks = names.length === 0 ? BENCHMARKS : names.map(findBenchmark);

  const comparisons: Comparison[] = [];
  for (const { name, run } of benchmarks) {
    // Progress is no result: it leaves the standard output to the table.
    const log = (line: string) => console.error(styleText("dim", `${name}: ${line}`));
    comparisons.push(...await run({ isShort: values.short, showsPlans: values.plans, log }));
  }
  console.log(values.json ? JSON.stringify(comparisons, null, 2) : toTable(comparisons));
}

function findBenchmark(name: string): Benchmark {
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (found === undefined) throw new Error(`There is no benchmark "${name}"\n\n${USAGE}`);
  return found;
}

function toTable(comparisons: Comparison[]): string {
  const rows = comparisons.map((comparison) => [
    comparison.what,
    comparison.against,
    formatFigure(comparison.ours),
    formatFigure(comparison.reference),
    comparison.unit,
    comparison.ratio.toFixed(2),
    formatTarget(comparison.target),
    formatReached(comparison),
  ]);
  return formatTable(
    ["What", "Against", "Ours", "Reference", "Unit", "Ratio", "Target", "Reached"],
    rows,
  );
}

/** Three digits are more than repeats. */
function formatFigure(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}

function formatTarget(target: Target | undefined): string {
  if (target === undefined) return "";
  return "atLeast" in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

function formatReached(comparison: Comparison): string {
  if (comparison.target === undefined) return "";
  return reachesTarget(comparison) ? styleText("green", "yes") : styleText("red", "no");
}

await runMain(main);
