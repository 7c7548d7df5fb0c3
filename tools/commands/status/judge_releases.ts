import { compareVersions } from "../../../functions/_shared/compare_versions.ts";
import { RELEASE } from "../../../functions/_shared/release.ts";
import { commandLine } from "../cli/command.ts";
import { look, type StatusLine, well } from "./status_report.ts";

const NAME = "Releases";

/**
 * Whether database, function and this code have the same release. They work together one release apart.
 *
 * @param database Null if it has none.
 * @param ofFunction Undefined if it isn't known.
 */
export function judgeReleases(database: string | null, ofFunction: string | undefined): StatusLine {
  const text = [
    `Database ${database ?? "unknown"}`,
    `function ${ofFunction ?? "unknown"}`,
    `this command ${RELEASE}`,
  ].join(", ");
  const upgrade = `"${commandLine("upgrade")}"`;
  if (database === null || compareVersions(database, ofFunction ?? RELEASE) < 0) {
    return look(NAME, text, `Apply the database's later migrations: ${upgrade}`);
  }
  if (ofFunction !== undefined && compareVersions(ofFunction, database) < 0) {
    return look(NAME, text, `Deploy the functions of the database's release: ${upgrade}`);
  }
  if (compareVersions(database, RELEASE) > 0) {
    return look(
      NAME,
      text,
      "Use the command of the database's release: it knows what to look for",
    );
  }
  return well(NAME, text);
}
