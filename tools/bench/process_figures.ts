/** What a process has taken so far. */
export interface ProcessFigures {
  /** Milliseconds of the processor, of all its threads. */
  processorTime: number;
  /** The most memory that it had, in megabytes. */
  peakMemory: number;
}

/** Ticks of the kernel's clock in a second, as it tells them to processes. */
const TICKS = 100;

/** Reads them from Linux's `/proc`. */
export async function processFigures(pid: number): Promise<ProcessFigures> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces; the fields after it are counted from the state.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return {
    processorTime: ticks / TICKS * 1000,
    peakMemory: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}
