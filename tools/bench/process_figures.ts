/** What a process has used so far. */
export interface ProcessFigures {
  /** Milliseconds of processor time, of all its threads. */
  processorTime: number;
  /** Peak memory, in megabytes. */
  peakMemory: number;
}

/** Clock ticks per second, as the kernel reports them to processes. */
const TICKS = 100;

/** Reads them from Linux's `/proc`. */
export async function processFigures(pid: number): Promise<ProcessFigures> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name in parentheses may contain spaces; the fields after it are counted from the state.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return {
    processorTime: ticks / TICKS * 1000,
    peakMemory: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}
