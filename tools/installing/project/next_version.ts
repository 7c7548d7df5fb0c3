/** Milliseconds in a second, the step between versions that are times. */
const SECOND = 1000;

/** Digits of a version that is a time. */
const LENGTH = 14;

/** As the Supabase CLI accepts them: digits and a name. It ignores other files. */
const FILE_NAME = /^(\d+)_.*\.sql$/;

/** The versions of migrations, from their file names. */
export function readVersions(fileNames: string[]): string[] {
  return fileNames.flatMap((name) => {
    const [, version] = FILE_NAME.exec(name) ?? [];
    return version === undefined ? [] : [version];
  });
}

/**
 * The version of a new migration: the time as UTC in 14 digits, but always after all others, or the CLI would
 * find it out of order. The CLI compares versions as text, and sorts files by their names.
 *
 * @param versions Of the existing migrations, whether they are times or not.
 * @throws {Error} with a sentence, if no time comes after one of them.
 */
export function nextVersion(versions: string[], now = new Date()): string {
  const last = [...versions].sort().at(-1);
  const candidates = [toVersion(now), ...(last === undefined ? [] : [versionAfter(last)])];
  const version = candidates.find((candidate) =>
    versions.every((other) => isAfter(candidate, other))
  );
  if (version !== undefined) return version;
  throw new Error(
    `The migration ${last} would come after any later one. Rename it to a time ` +
      "(20260131120000_name.sql), then run this again",
  );
}

/** On its own, and as the beginning of a file name: a longer version sorts before its own prefix. */
function isAfter(version: string, other: string): boolean {
  return version.length === LENGTH && version > other && `${version}_` > `${other}_`;
}

function versionAfter(last: string): string {
  if (last.length < LENGTH) return increment(last).padEnd(LENGTH, "0");
  const start = last.slice(0, LENGTH);
  const time = Date.parse(
    start.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  return Number.isNaN(time) ? increment(start) : toVersion(new Date(time + SECOND));
}

function increment(version: string): string {
  return String(BigInt(version) + 1n).padStart(version.length, "0");
}

function toVersion(time: Date): string {
  return time.toISOString().replace(/\D/g, "").slice(0, LENGTH);
}
