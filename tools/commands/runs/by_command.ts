import { unlimited } from "../../../functions/_shared/runs/budget.ts";
import { commandLine } from "../cli/command.ts";

/** How a command works on a run: as long as it takes, and what to do is said as command lines. */
export const byCommand = {
  budget: unlimited,
  howToMove: (instanceId: string) => `run "${commandLine(`instance --move ${instanceId}`)}"`,
  howToAllow: (rows: number) => `add "--allow-deletions ${rows}"`,
};
