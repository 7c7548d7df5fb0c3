import { styleText } from "node:util";

/** Lists the resources of which Clerk returned fewer objects than it counts. Returns their number. */
export function listShortfalls(results: { name: string; shortfall?: number }[]): number {
  const short = results.filter(({ shortfall }) => shortfall !== undefined);
  for (const { name, shortfall = 0 } of short) {
    const objects = shortfall === 1 ? "1 object" : `${shortfall.toLocaleString("en")} objects`;
    console.error(
      styleText("red", `${name}: Clerk counts ${objects} more than it listed. Try again later`),
    );
  }
  return short.length;
}
