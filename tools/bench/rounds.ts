/** Medians of a measurement and of its reference, and the median of their ratios. */
export interface Rounds {
  ours: number;
  reference: number;
  ratio: number;
}

/**
 * Measures two things in alternating rounds, so that what slows down the machine for a while slows down both.
 * They take turns going first. One round beforehand warms up and isn't counted.
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

/** @throws {RangeError} if there are no values. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError("No values");
  return (low + high) / 2;
}
