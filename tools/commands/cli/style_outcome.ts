import { styleText } from "node:util";
import type { Answer } from "../../development/events/deliver.ts";

/** An outcome in the color that says how it went. */
export function styleOutcome({ status, outcome }: Answer): string {
  const color = outcome === "applied" ? "green" : status < 300 ? "yellow" : "red";
  return styleText(color, outcome);
}
