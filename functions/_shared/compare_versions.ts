/** Compares two releases, such as "0.1.0" and "0.10.0": negative if the first is older. */
export function compareVersions(left: string, right: string): number {
  const others = right.split(".").map(Number);
  for (const [place, number] of left.split(".").map(Number).entries()) {
    const difference = number - (others[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
