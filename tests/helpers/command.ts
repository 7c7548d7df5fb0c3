/** Commands of the project, run as a developer runs them. */
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../../tools/stack/supabase_cli.ts";

/** How a command ended. */
export interface Finished {
  code: number;
  /** Standard output, then standard error, without colors. */
  output: string;
}

/** `deno task <name> …`. */
export function task(
  name: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Deno.Command {
  return command(["task", "--quiet", name, ...args], env);
}

/** `tools/<file> …` without the task around it, so that the process can be watched and killed. */
export function tool(
  file: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Deno.Command {
  return command(["run", "-A", join(ROOT, "tools", file), ...args], env);
}

function command(args: string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command to its end. */
export async function finish(command: Deno.Command): Promise<Finished> {
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return {
    code,
    output: stripVTControlCharacters(decoder.decode(stdout) + decoder.decode(stderr)),
  };
}

/** Runs a command to its end, and measures the most memory that it had. */
export async function finishMeasured(
  command: Deno.Command,
): Promise<Finished & { peakMemory: number }> {
  const child = command.spawn();
  let peakMemory = 0;
  const watch = setInterval(async () => {
    peakMemory = Math.max(peakMemory, await residentMemory(child.pid));
  }, 100);
  const { code, stdout, stderr } = await child.output();
  clearInterval(watch);
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr), peakMemory };
}

/** Megabytes of memory that a process has, or had at most where the system tells; 0 once it is gone. */
async function residentMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => undefined);
  if (status !== undefined) return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  const ps = new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] });
  const { stdout } = await ps.output().catch(() => ({ stdout: new Uint8Array() }));
  return Number(new TextDecoder().decode(stdout)) / 1024;
}
