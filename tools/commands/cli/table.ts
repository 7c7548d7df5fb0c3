import { stripVTControlCharacters, styleText } from "node:util";

/**
 * Lays out rows in columns under a heading, for a terminal.
 *
 * @param rows Cells as they will be shown; for styled text, only the visible width counts.
 */
export function formatTable(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(...[heading, ...rows.map((row) => row[column] ?? "")].map(visibleLength))
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - visibleLength(cell)))
      .join("  ")
      .trimEnd();
  return [
    styleText("bold", line(headings)),
    styleText("dim", widths.map((width) => "─".repeat(width)).join("  ")),
    ...rows.map(line),
  ].map((text) => `  ${text}`).join("\n");
}

function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
