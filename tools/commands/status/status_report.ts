import { commandLine } from "../cli/command.ts";

/** How one thing does: as it should, so that somebody should look at it, or not at all. */
export type StatusLevel = "well" | "look" | "broken";

/** What there is to say of one thing. */
export interface StatusLine {
  /** What is looked at: "Dead letters". */
  name: string;
  level: StatusLevel;
  /** What was found, as a sentence without its period. */
  text: string;
  /** What to do about it, likewise. */
  advice?: string;
}

/** How the mirror does. */
export interface StatusReport {
  /** The worst of the lines. */
  level: StatusLevel;
  /** When, by this machine's clock, in ISO 8601. */
  takenAt: string;
  lines: StatusLine[];
  /** What `read_status()` returned; null where the database did not answer. */
  facts: Record<string, unknown> | null;
}

/** From best to worst; the place is the command's exit status. */
export const LEVELS: readonly StatusLevel[] = ["well", "look", "broken"];

/** The worst of some levels; `well` where there are none. */
export function worstLevel(levels: StatusLevel[]): StatusLevel {
  return LEVELS.findLast((level) => levels.includes(level)) ?? "well";
}

/** A line that says that all is well. */
export function well(name: string, text: string): StatusLine {
  return { name, level: "well", text };
}

/** A line that is worth a look. */
export function look(name: string, text: string, advice: string): StatusLine {
  return { name, level: "look", text, advice };
}

/** A line for what does not work. */
export function broken(name: string, text: string, advice: string): StatusLine {
  return { name, level: "broken", text, advice };
}

/** The line of what can't answer, since Supabase has paused the project. */
export function paused(name: string): StatusLine {
  return broken(
    name,
    "The project is paused",
    `Restore it in Supabase's Dashboard, then run "${commandLine("reconcile --repair")}"`,
  );
}
