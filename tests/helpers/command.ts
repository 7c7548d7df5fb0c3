/** Commands of the project, run as a developer runs them. */
import { stripVTControlCharacters } from "node:util";
import { projectCommand } from "../../tools/commands/cli/task_command.ts";

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
  return projectCommand(["task", "--quiet", name, ...args], env);
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
