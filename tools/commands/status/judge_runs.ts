/** Backfills and reconciliations. */
import { commandLine } from "../cli/command.ts";
import { ageOf, type Facts, type Run } from "./facts.ts";
import { broken, look, type StatusLine, well } from "./status_report.ts";
import {
  BACKFILL_LEFT_AFTER,
  MENDED_WITHOUT_WORRY,
  RECONCILED_WITHIN,
  RUN_LEFT_AFTER,
} from "./thresholds.ts";
import { sayCount, sayDuration, sayNumber } from "./words.ts";

/** The lines about runs. */
export function judgeRuns(facts: Facts): StatusLine[] {
  return [judgeReconciliation(facts), judgeBackfill(facts)];
}

function judgeReconciliation(facts: Facts): StatusLine {
  const name = "Reconciliation";
  const { open, last_reconcile: last, last_reconciled_at: doneAt } = facts.runs;
  const isOverdue = doneAt === null || ageOf(doneAt, facts) >= RECONCILED_WITHIN;
  if (open?.kind === "reconcile") return judgeOpen(name, open, facts);
  if (last === null) {
    return look(
      name,
      "The mirror was never compared with Clerk",
      `Run "${
        commandLine("reconcile")
      }", or let Supabase do it every night: "select clerk_sync.schedule(…)"`,
    );
  }

  if (last.state === "failed") {
    const done = doneAt === null
      ? "none has finished before"
      : `the last one that finished is ${sayDuration(ageOf(doneAt, facts))} old`;
    const level = isOverdue ? broken : look;
    return level(
      name,
      `The last one failed ${sayAge(last, facts)} ago (${
        last.error ?? "no reason was recorded"
      }); ${done}`,
      `Fix the cause, then run "${commandLine("reconcile --repair")}"`,
    );
  }

  const { text, advice } = describe(last, facts);
  if (advice !== undefined) return look(name, text, advice);
  return isOverdue
    ? look(name, text, `It is time for the next one: "${commandLine("reconcile --repair")}"`)
    : well(name, text);
}

/** What a completed reconciliation found; advice only if something is left to do. */
function describe(run: Run, facts: Facts): { text: string; advice?: string } {
  const compared = sum(run, "compared");
  const repaired = sum(run, "repaired");
  const kinds = (["missing", "outdated", "buried", "gone"] as const)
    .map((kind) => ({ kind, count: sum(run, kind) }))
    .filter(({ count }) => count > 0);
  const differences = kinds.reduce((total, { count }) => total + count, 0);
  const found = kinds.map(({ kind, count }) => `${sayNumber(count)} ${kind}`).join(", ");
  const text = `${sayAge(run, facts)} ago, ${sayCount(compared, "object")} compared: ${
    differences === 0 ? "no difference" : found
  }${differences > 0 && repaired > 0 ? `, ${sayNumber(repaired)} repaired` : ""}`;

  const refused = sum(run, "refused_count");
  const kept = run.results.find(({ kept }) => kept);
  const short = run.results.find(({ shortfall }) => shortfall);
  if (kept?.kept) {
    return {
      text: `${text}. ${kept.name}: ${kept.kept}`,
      advice: `If these are really gone from Clerk, run "${
        commandLine("reconcile --repair --allow-deletions <rows>")
      }"`,
    };
  }
  if (refused > 0) {
    return {
      text: `${text}. ${sayCount(refused, "object")} can't be mirrored`,
      advice: `"${commandLine("reconcile")}" says which, and why`,
    };
  }
  if (short) {
    return {
      text: `${text}. ${short.name}: Clerk counts more than it listed`,
      advice: `Run "${commandLine("reconcile --repair")}" again later`,
    };
  }
  if (differences > repaired) {
    return { text, advice: `Repair it: "${commandLine("reconcile --repair")}"` };
  }
  if (differences > MENDED_WITHOUT_WORRY) {
    return {
      text,
      advice:
        "That is repaired, but webhooks were lost: look at failed messages in Clerk's Dashboard, under " +
        "Webhooks, and at the function's log",
    };
  }
  return { text };
}

function judgeBackfill(facts: Facts): StatusLine {
  const name = "Backfill";
  const { open, last_backfill: last } = facts.runs;
  if (open?.kind === "backfill") return judgeOpen(name, open, facts);

  const cursors = facts.backfill_cursors;
  if (cursors.length > 0) {
    const age = Math.min(...cursors.map(({ updated_at }) => ageOf(updated_at, facts)));
    const count = cursors.reduce((total, { object_count }) => total + object_count, 0);
    const text = `${sayCount(count, "object")} so far, the last ${sayDuration(age)} ago`;
    return age < BACKFILL_LEFT_AFTER ? well(name, `Under way: ${text}`) : look(
      name,
      `Interrupted: ${text}`,
      `Run "${commandLine("backfill")}" again: it continues there`,
    );
  }

  if (last?.state === "failed") {
    return look(
      name,
      `The last one failed ${sayAge(last, facts)} ago (${last.error ?? "no reason was recorded"})`,
      `Fix the cause, then run "${commandLine("backfill")}"`,
    );
  }
  if (last === null) return well(name, "None is under way, and none was recorded");
  return well(name, `None is under way; the last one finished ${sayAge(last, facts)} ago`);
}

function judgeOpen(name: string, run: Run, facts: Facts): StatusLine {
  const count = sum(run, run.kind === "backfill" ? "count" : "compared");
  const text = `Under way for ${sayDuration(ageOf(run.started_at, facts))}, ${
    sayCount(count, "object")
  } so far`;
  const left = run.lease_until === null ? 0 : ageOf(run.lease_until, facts);
  const reason = run.error === null ? "" : `: ${run.error}`;
  if (left < RUN_LEFT_AFTER) return well(name, text + reason);
  return look(
    name,
    `${text}, but nothing has worked on it for ${sayDuration(left)}${reason}`,
    `Nothing continues it: set up the schedule, "select clerk_sync.schedule(…)", or run "${
      commandLine(run.kind)
    }"`,
  );
}

function sayAge(run: Run, facts: Facts): string {
  return sayDuration(ageOf(run.ended_at ?? run.started_at, facts));
}

type Countable =
  | "count"
  | "compared"
  | "missing"
  | "outdated"
  | "buried"
  | "gone"
  | "repaired"
  | "refused_count";

function sum({ results }: Run, what: Countable): number {
  return results.reduce((total, result) => total + (result[what] ?? 0), 0);
}
