/** Milliseconds of a second, in which timestamps of migrations count. */
const SECOND = 1000;

/**
 * The version of a migration to come: the time as UTC, but after the last one in any case, or the CLI would
 * find them out of order.
 *
 * @param last Version of 14 digits, which need not be a time.
 */
export function nextVersion(last: string | undefined, now = new Date()): string {
  const version = toVersion(now);
  if (last === undefined || version > last) return version;
  const time = Date.parse(
    last.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  return Number.isNaN(time) ? String(BigInt(last) + 1n) : toVersion(new Date(time + SECOND));
}

function toVersion(time: Date): string {
  return time.toISOString().replace(/\D/g, "").slice(0, 14);
}
