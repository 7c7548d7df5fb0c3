import { styleText } from "node:util";

/** Those that are listed; the others are only counted. */
const LISTED = 20;

/** Says which objects can't be mirrored, and why. Returns how many there are. */
export function listRefused(
  results: { name: string; refused: { id: string; reason: string }[] }[],
): number {
  const refused = results.flatMap(({ name, refused }) => refused.map((one) => ({ name, ...one })));
  if (refused.length === 0) return 0;
  console.error(styleText("red", `${refused.length} objects can't be mirrored:`));
  for (const { name, id, reason } of refused.slice(0, LISTED)) {
    console.error(`  ${name} ${id}: ${reason}`);
  }
  if (refused.length > LISTED) console.error(`  and ${refused.length - LISTED} more`);
  return refused.length;
}
