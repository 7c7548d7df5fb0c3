import { styleText } from "node:util";
import type { ResourceResult } from "../../../functions/_shared/runs/work.ts";

/** How many are listed; the others are only counted. */
const LISTED = 20;

/** Lists the objects that can't be mirrored, and why, as far as the results name them. Returns their number. */
export function listRefused(results: ResourceResult[]): number {
  const count = results.reduce((sum, { refused_count }) => sum + refused_count, 0);
  if (count === 0) return 0;
  console.error(styleText("red", `${count} objects can't be mirrored:`));
  const named = results.flatMap(({ name, refused }) => refused.map((one) => ({ name, ...one })));
  const listed = named.slice(0, LISTED);
  for (const { name, id, reason } of listed) console.error(`  ${name} ${id}: ${reason}`);
  if (count > listed.length) console.error(`  and ${count - listed.length} more`);
  return count;
}
