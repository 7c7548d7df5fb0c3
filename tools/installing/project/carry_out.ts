import { isConfirmed } from "../../commands/cli/confirm.ts";
import type { Output } from "../../commands/cli/output.ts";
import { changeFiles } from "./change_files.ts";
import { formatPlan, isEmpty, type Plan, planAsJson } from "./plan.ts";

/** What was agreed to on the command line. */
export interface Consent {
  /** Agrees without being asked. */
  yes: boolean;
  /** Shows what would be done, and does nothing. */
  dryRun: boolean;
  /** Prints a result for scripts. */
  json: boolean;
}

/** How a command describes its plan. */
export interface Words {
  /** Above the plan. */
  title: string;
  question: string;
  /** If there is nothing to do. */
  nothing: string;
  /** What is left to do by hand, once it is done. */
  next: string[];
}

/**
 * Shows a plan, asks once, and carries it out.
 *
 * @throws {Error} with a sentence, with everything as it was: refused, interrupted or failed.
 */
export async function carryOut(
  plan: Plan,
  consent: Consent,
  output: Output,
  words: Words,
): Promise<void> {
  if (isEmpty(plan)) {
    const details = formatPlan(plan);
    output.say(details === "" ? words.nothing : `${words.nothing}\n${details}`);
    return output.result({ status: "nothing to do", ...planAsJson(plan), next: [] });
  }
  output.say(`${words.title}\n\n${formatPlan(plan)}\n`);
  if (consent.dryRun) {
    output.say("Nothing was changed: --dry-run");
    return output.result({ status: "planned", ...planAsJson(plan), next: words.next });
  }
  if (consent.json && !consent.yes) {
    throw new Error(
      'Add "--yes" or "--dry-run": with "--json", there is no prompt. Nothing was changed',
    );
  }
  if (!await isConfirmed(words.question, consent.yes)) throw new Error("Nothing was changed");
  await changeFiles(plan.project.folder, plan.changes);
  output.say(["Done. What is left to do:", "", ...words.next].join("\n"));
  output.result({ status: "done", ...planAsJson(plan), next: words.next });
}
