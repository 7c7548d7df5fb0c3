/** Measures the mirror side by side with plain references, on this machine. */
import { styleText } from "node:util";
import { backfillBenchmark } from "./backfill_benchmark.ts";
import { backfillMemoryBenchmark } from "./backfill_memory_benchmark.ts";
import { type Benchmark, type Comparison, reachesTarget, type Target } from "./benchmark.ts";
import { coldStartBenchmark } from "./cold_start_benchmark.ts";
import { endToEndBenchmark } from "./end_to_end_benchmark.ts";
import { eventBenchmark } from "./event_benchmark.ts";
import { functionBenchmark } from "./function_benchmark.ts";
import { groupBenchmark } from "./group_benchmark.ts";
import { growthBenchmark } from "./growth_benchmark.ts";
import { pageBenchmark } from "./page_benchmark.ts";
import { pageIndexBenchmark } from "./page_index_benchmark.ts";
import { rlsBenchmark } from "./rls_benchmark.ts";
import { slicesBenchmark } from "./slices_benchmark.ts";
import { choose } from "../commands/cli/choose.ts";
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { numberFromZero } from "../commands/cli/numbers.ts";
import { formatTable } from "../commands/cli/table.ts";

/** All benchmarks, in the order in which they run. */
const BENCHMARKS: Benchmark[] = [
  eventBenchmark,
  groupBenchmark,
  growthBenchmark,
  pageBenchmark,
  pageIndexBenchmark,
  functionBenchmark,
  coldStartBenchmark,
  endToEndBenchmark,
  backfillBenchmark,
  backfillMemoryBenchmark,
  slicesBenchmark,
  rlsBenchmark,
];

const NAMES = BENCHMARKS.map(({ name }) => name);

const command = defineCommand(
  "bench",
  "Measures the mirror side by side with plain references, on this machine.",
)
  .argument("[name...]", `Which benchmarks; all by default: ${NAMES.join(", ")}`)
  .option("--short", "Check within seconds that they work: the figures mean little", false)
  .option(
    "--scale <share>",
    "How large the instance of reconcile-slices is: 0.1 is a tenth",
    numberFromZero("--scale", "instances"),
    1,
  )
  .option("--plans", "Print the plans of the queries under row level security", false)
  .option("--json", "Print the comparisons as JSON", false)
  .action(async (names, { short, scale, plans, json }) => {
    for (const name of names) choose(name, NAMES, "benchmark");
    const comparisons: Comparison[] = [];
    for (const { name, run } of BENCHMARKS) {
      if (names.length > 0 && !names.includes(name)) continue;
      // Progress isn't a result: standard output is left to the table.
      const log = (line: string) => console.error(styleText("dim", `${name}: ${line}`));
      comparisons.push(...await run({ isShort: short, scale, showsPlans: plans, log }));
    }
    console.log(json ? JSON.stringify(comparisons, null, 2) : toTable(comparisons));
  });

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

/** Three digits are more than is repeatable. */
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

await runCommand(command);
