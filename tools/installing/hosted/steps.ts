import { styleText } from "node:util";
import type { Output } from "../../commands/cli/output.ts";

/** A part of what a command does to a hosted project. */
export interface Step {
  /** In a few words: "function clerk-webhook". */
  name: string;
  /** What it is about, for the plan. */
  title: string;
  /** Whether there is nothing to do. */
  isDone: boolean;
  run(): Promise<void>;
}

/** Shows every step: what will be done, and what is already done. */
export function showPlan(steps: Step[], { say }: Output): void {
  for (const { title, isDone } of steps) {
    say(
      isDone
        ? styleText("dim", `  ✓ ${title}: already there`)
        : `  ${styleText("cyan", "•")} ${title}`,
    );
  }
}

/**
 * Takes the remaining steps, and reports each when it is done.
 *
 * @throws {Error} at the first that fails: why, what was done, what wasn't, and how to continue.
 */
export async function runSteps(steps: Step[], { say }: Output): Promise<void> {
  const open = steps.filter(({ isDone }) => !isDone);
  for (const [index, step] of open.entries()) {
    try {
      await step.run();
    } catch (error) {
      throw new Error(
        [
          error instanceof Error ? error.message : String(error),
          `Done: ${list(open.slice(0, index)) || "nothing"}`,
          `Not done: ${list(open.slice(index))}`,
          "Run the same command again: it continues from there",
        ].join(".\n"),
        { cause: error },
      );
    }
    say(`${styleText("green", "✓")} ${step.name}`);
  }
}

function list(steps: Step[]): string {
  return steps.map(({ name }) => name).join(", ");
}

/** What `--json` reports about the steps. */
export function stepsAsJson(steps: Step[], isDryRun: boolean): Record<string, unknown>[] {
  return steps.map(({ name, title, isDone }) => ({
    name,
    title,
    state: isDone ? "there already" : isDryRun ? "to do" : "done",
  }));
}
