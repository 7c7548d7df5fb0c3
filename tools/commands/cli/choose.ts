import { closest, distance } from "fastest-levenshtein";

/** Fraction of a word's letters that may be wrong for a suggestion. */
const TOLERANCE = 0.5;

/**
 * Makes sure that a word is one of the known ones.
 *
 * @param kind What the words are: "event type".
 * @throws {Error} that suggests the nearest one, or lists all of them if none is near.
 */
export function choose(word: string, known: readonly string[], kind: string): string {
  if (known.includes(word)) return word;
  const nearest = closest(word, known);
  const isNear = distance(word, nearest) <= Math.max(1, nearest.length * TOLERANCE);
  const hint = isNear ? `Did you mean "${nearest}"?` : `There are: ${known.join(", ")}`;
  throw new Error(`There is no ${kind} "${word}". ${hint}`);
}
