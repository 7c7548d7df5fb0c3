import { styleText } from "node:util";
import type { StatusLevel, StatusReport } from "./status_report.ts";

/** How each level looks on a terminal; words, so that no color is needed to tell them apart. */
const LABELS: Record<StatusLevel, { word: string; color: "green" | "yellow" | "red" }> = {
  well: { word: "well", color: "green" },
  look: { word: "look", color: "yellow" },
  broken: { word: "broken", color: "red" },
};

const CONCLUSIONS: Record<StatusLevel, string> = {
  well: "All is well",
  look: "Something is worth a look",
  broken: "Something is broken",
};

/** A status for people: one line each, with what to do below it. */
export function formatStatus({ level, takenAt, lines }: StatusReport): string {
  const width = Math.max(...lines.map(({ name }) => name.length));
  const shown = lines.flatMap(({ name, level, text, advice }) => {
    const { word, color } = LABELS[level];
    return [
      `  ${styleText(color, word.padEnd(6))}  ${name.padEnd(width)}  ${text}`,
      ...(advice === undefined ? [] : [`${" ".repeat(width + 12)}→ ${advice}`]),
    ];
  });
  return [
    ...shown,
    "",
    `${styleText(LABELS[level].color, CONCLUSIONS[level])}, ${takenAt}`,
  ].join("\n");
}
