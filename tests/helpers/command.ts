/** Commands of the project, run as a developer runs them. */
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
  return new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...args],
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
