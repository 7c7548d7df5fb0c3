/** How a measured command ended. */
export interface Measured {
  code: number;
  /** Standard output, then standard error. */
  output: string;
  /** Peak memory of its process, in megabytes. */
  peakMemory: number;
}

/** Milliseconds between two samples; if the system keeps the peak itself, only the last one counts. */
const INTERVAL = 100;

/**
 * Runs a command to its end, and measures the memory of its process.
 *
 * @param command With its output piped.
 */
export async function runMeasured(command: Deno.Command): Promise<Measured> {
  const child = command.spawn();
  let peakMemory = 0;
  const watch = setInterval(async () => {
    peakMemory = Math.max(peakMemory, await residentMemory(child.pid));
  }, INTERVAL);
  const { code, stdout, stderr } = await child.output();
  clearInterval(watch);
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr), peakMemory };
}

/** Megabytes that a process has, or its peak if the system reports it; 0 once it is gone. */
async function residentMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => undefined);
  if (status !== undefined) return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  const ps = new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] });
  const { stdout } = await ps.output().catch(() => ({ stdout: new Uint8Array() }));
  return Number(new TextDecoder().decode(stdout)) / 1024;
}
