import { styleText } from "node:util";

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

/** Where a command says what it does: not among the JSON, where that was asked for. */
export interface Output {
  say(line: string): void;
  /** Takes what `--json` prints at the end. */
  result(value: Record<string, unknown>): void;
}

/** Writes for people to standard output; with `--json`, to standard error, and the JSON alone there. */
export function createOutput(isJson: boolean): Output {
  return {
    say: (line) => isJson ? console.error(line) : console.log(line),
    result(value) {
      if (isJson) console.log(JSON.stringify(value, null, 2));
    },
  };
}

/** Shows every step: what is to be done, and what is done already. */
export function showPlan(steps: Step[], { say }: Output): void {
  for (const { title, isDone } of steps) {
    say(
      isDone
        ? styleText("dim", `  ✓ ${title}: there already`)
        : `  ${styleText("cyan", "•")} ${title}`,
    );
  }
}

/**
 * Takes the steps that are left, and tells each as it is done.
 *
 * @throws {Error} at the first that fails: why, what was done, what was not, and how to go on.
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
          "Run the same command again: it goes on from there",
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

/** What `--json` tells of the steps. */
export function stepsAsJson(steps: Step[], isDryRun: boolean): Record<string, unknown>[] {
  return steps.map(({ name, title, isDone }) => ({
    name,
    title,
    state: isDone ? "there already" : isDryRun ? "to do" : "done",
  }));
}
