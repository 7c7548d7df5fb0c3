/** How a status phrases its figures. */

const UNITS: [string, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** @param milliseconds A duration, in the largest unit of which there is at least one. */
export function sayDuration(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => milliseconds >= length) ?? ["second", 1000];
  return sayCount(Math.max(0, Math.floor(milliseconds / length)), unit);
}

/** "1 row", "2,000 rows", "at least 10,000 rows". */
export function sayCount(count: number, noun: string, isAtLeast = false): string {
  return `${sayNumber(count, isAtLeast)} ${count === 1 ? noun : `${noun}s`}`;
}

/** "2,000", or "at least 2,000". */
export function sayNumber(count: number, isAtLeast = false): string {
  return `${isAtLeast ? "at least " : ""}${count.toLocaleString("en")}`;
}

/** "640 kB", "1.2 GB". */
export function sayBytes(bytes: number): string {
  const units = ["kB", "MB", "GB", "TB"];
  const place = Math.min(Math.floor(Math.log10(Math.max(bytes, 1000)) / 3), units.length);
  const value = bytes / 1000 ** place;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} ${
    units[place - 1]
  }`;
}
