import { runMeasured } from "../commands/cli/run_measured.ts";
import { taskCommand } from "../commands/cli/task_command.ts";
import { type Stack, startStack } from "../development/stack/stack.ts";
import type { Benchmark, BenchmarkOptions, Comparison } from "./benchmark.ts";
import { serveManyUsers } from "./many_users.ts";

/** Whether a backfill's memory stays the same for ten times as many users. */
export const backfillMemoryBenchmark: Benchmark = {
  name: "backfill-memory",
  async run({ isShort, log }: BenchmarkOptions): Promise<Comparison[]> {
    const few = isShort ? 500 : 100_000;
    const many = few * 10;
    const stack = await startStack();
    try {
      log(`A backfill of ${few} users`);
      const reference = await peakMemory(stack, few);
      log(`A backfill of ${many} users`);
      const ours = await peakMemory(stack, many);
      return [{
        what: `backfill of ${many.toLocaleString("en")} users, peak memory`,
        against: `of ${few.toLocaleString("en")}`,
        ours,
        reference,
        unit: "MB",
        ratio: ours / reference,
        // The garbage collector lets the heap grow a little while there is no pressure.
        target: { atMost: 1.2 },
      }];
    } finally {
      await stack.stop();
    }
  },
};

async function peakMemory(stack: Stack, users: number): Promise<number> {
  await using clerk = serveManyUsers(users);
  const { code, output, peakMemory } = await runMeasured(
    taskCommand("backfill", ["--only", "users"], {
      CLERK_SECRET_KEY: "sk_live_of_a_benchmark",
      CLERK_API_URL: clerk.url,
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.keys.secretKey }),
    }),
  );
  if (code !== 0) throw new Error(`The backfill failed: ${output}`);
  return peakMemory;
}
