import { unlimited } from "../../../functions/_shared/runs/budget.ts";
import { commandLine } from "../cli/command.ts";

/** How a command works on a run: for as long as it takes, and with advice in the form of command lines. */
export const byCommand = {
  budget: unlimited,
  howToMove: (instanceId: string) => `run "${commandLine(`instance --move ${instanceId}`)}"`,
  howToAllow: (rows: number) => `add "--allow-deletions ${rows}"`,
};
