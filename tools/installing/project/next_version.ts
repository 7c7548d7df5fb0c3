/** Milliseconds of a second, the step of versions that are times. */
const SECOND = 1000;

/** Digits of a version that is a time. */
const LENGTH = 14;

/** As the Supabase CLI takes them: digits and a name. Other files it leaves alone. */
const FILE_NAME = /^(\d+)_.*\.sql$/;

/** The versions of migrations, by the names of their files. */
export function readVersions(fileNames: string[]): string[] {
  return fileNames.flatMap((name) => {
    const [, version] = FILE_NAME.exec(name) ?? [];
    return version === undefined ? [] : [version];
  });
}

/**
 * The version of a migration to come: the time as UTC in 14 digits, but after all others in any case, or
 * the CLI would find it out of order. The CLI compares versions as texts, and sorts files by their names.
 *
 * @param versions Of the migrations that are there, times or not.
 * @throws {Error} in a sentence, if no time is after one of them.
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

/** By itself, and as the beginning of a file name: a longer version comes before what it begins with. */
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
