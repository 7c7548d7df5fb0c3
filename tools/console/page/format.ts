const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const NUMBER = new Intl.NumberFormat();

/** The time of day; with the date, if it isn't today. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  const time = TIME.format(date);
  return date.toDateString() === new Date().toDateString() ? time : `${DAY.format(date)}, ${time}`;
}

export function formatNumber(value: number): string {
  return NUMBER.format(value);
}

/** "1 event", "12,000 events". */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const;

/** Milliseconds in the largest unit that fits, such as "3 min"; negative values count as zero. */
export function formatDuration(milliseconds: number): string {
  for (const [unit, size] of UNITS) {
    if (milliseconds < size) continue;
    const value = milliseconds / size;
    return `${unit === "s" && value < 10 ? value.toFixed(1) : Math.floor(value)} ${unit}`;
  }
  return `${Math.max(0, Math.round(milliseconds))} ms`;
}

/** "dead_lettered" as words. */
export function formatWord(name: string): string {
  return name.replaceAll("_", " ");
}
