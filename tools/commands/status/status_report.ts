import { commandLine } from "../cli/command.ts";

/** How one thing is doing: well, worth a look, or broken. */
export type StatusLevel = "well" | "look" | "broken";

/** What there is to say about one thing. */
export interface StatusLine {
  /** What is checked: "Dead letters". */
  name: string;
  level: StatusLevel;
  /** What was found, as a sentence without its period. */
  text: string;
  /** What to do about it, in the same form. */
  advice?: string;
}

/** How the mirror is doing. */
export interface StatusReport {
  /** The worst of the lines. */
  level: StatusLevel;
  /** When, by this machine's clock, in ISO 8601. */
  takenAt: string;
  lines: StatusLine[];
  /** What `read_status()` returned; null if the database didn't answer. */
  facts: Record<string, unknown> | null;
}

/** From best to worst; the index is the command's exit status. */
export const LEVELS: readonly StatusLevel[] = ["well", "look", "broken"];

/** The worst of some levels; `well` if there are none. */
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

/** A line for what doesn't work. */
export function broken(name: string, text: string, advice: string): StatusLine {
  return { name, level: "broken", text, advice };
}

/** The line for what can't answer because Supabase has paused the project. */
export function paused(name: string): StatusLine {
  return broken(
    name,
    "The project is paused",
    `Restore it in Supabase's Dashboard, then run "${commandLine("reconcile --repair")}"`,
  );
}
