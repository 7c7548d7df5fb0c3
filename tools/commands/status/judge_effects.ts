import { commandLine } from "../cli/command.ts";
import { ageOf, type Facts } from "./facts.ts";
import { broken, look, type StatusLine, well } from "./status_report.ts";
import { EFFECTS_STUCK_AFTER } from "./thresholds.ts";
import { sayCount, sayDuration } from "./words.ts";

/** A line for each handler of side effects. */
export function judgeEffects(facts: Facts): StatusLine[] {
  return facts.effects.map((effect) => judgeEffect(effect, facts));
}

function judgeEffect(effect: Facts["effects"][number], facts: Facts): StatusLine {
  const { handler, is_enabled, due_count, due_since, late_count, parked_count, is_at_least } =
    effect;
  const name = `Effect ${handler}`;
  const waiting = due_since === null ? 0 : ageOf(due_since, facts);
  const due = due_since === null
    ? "None is due"
    : `${sayCount(due_count, "effect", is_at_least)} due, the first for ${sayDuration(waiting)}`;
  const parked = parked_count === 0
    ? ""
    : `; ${sayCount(parked_count, "effect", is_at_least)} given up`;

  if (is_enabled === false) return well(name, `Switched off. ${due}${parked}`);
  if (late_count > 0) {
    const level = waiting >= EFFECTS_STUCK_AFTER ? broken : look;
    return level(
      name,
      `${due}${parked}: nothing runs them`,
      facts.schedule.is_scheduled
        ? "The schedule wakes clerk-effects: check that it is deployed, and configured for this handler; " +
          "its log says what fails"
        : `Let the schedule wake the worker: "select clerk_sync.schedule(…)"; or run it here: "${
          commandLine("effects --every 60")
        }"`,
    );
  }
  if (parked_count > 0) {
    return look(
      name,
      `${due}${parked}`,
      "Their last_error in clerk_sync.outbox says why; once you have fixed the cause, set parked_at to null",
    );
  }
  return well(name, is_enabled === null ? `No worker is configured for it. ${due}` : due);
}
