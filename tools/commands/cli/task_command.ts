import config from "../../../deno.json" with { type: "json" };
import { ROOT } from "../../development/stack/supabase_cli.ts";

/**
 * What a task in `deno.json` runs, without the process of `deno task` around it, so that it can be watched
 * and killed.
 */
export function taskCommand(
  name: keyof typeof config.tasks,
  args: string[] = [],
  env: Record<string, string> = {},
): Deno.Command {
  const [, ...words] = config.tasks[name].command.split(" ");
  return projectCommand([...words, ...args], env);
}

/** Runs Deno in the project's folder: no input, plain text output. */
export function projectCommand(args: string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}
