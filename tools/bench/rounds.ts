/** Medians of a measurement and of its reference, and the median of their ratios. */
export interface Rounds {
  ours: number;
  reference: number;
  ratio: number;
}

/**
 * Measures two things side by side, in turns, so that what slows the machine down for a while slows
 * both down. Who begins changes with every round. One round before them warms up and is not counted.
 *
 * @param measure Each returns its figure: a rate, a duration, a size.
 */
export async function compareInRounds(
  rounds: number,
  measure: { ours(): Promise<number>; reference(): Promise<number> },
): Promise<Rounds> {
  const figures: { ours: number; reference: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const figure = { ours: 0, reference: 0 };
    const order = round % 2 === 0 ? ["ours", "reference"] as const : ["reference", "ours"] as const;
    for (const side of order) figure[side] = await measure[side]();
    if (round > 0) figures.push(figure);
  }
  return {
    ours: median(figures.map(({ ours }) => ours)),
    reference: median(figures.map(({ reference }) => reference)),
    ratio: median(figures.map(({ ours, reference }) => ours / reference)),
  };
}

/** @throws {RangeError} without values. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError("No values");
  return (low + high) / 2;
}
