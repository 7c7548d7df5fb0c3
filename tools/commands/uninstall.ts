/** Removes the mirror from a project: its files, or from a hosted one through the Management API. */
import { commandLine, defineCommand } from "./cli/command.ts";
import { type Contents, readContents } from "../installing/sql/contents.ts";
import { countRowsQuery } from "../installing/sql/count_rows.ts";
import { holdersQuery } from "../installing/sql/find_holders.ts";
import { carryOut } from "../installing/project/carry_out.ts";
import {
  type FileOptions,
  type FileSession,
  withProject,
} from "../installing/project/file_session.ts";
import {
  type ProjectDatabase,
  readAppliedVersions,
  readDatabaseState,
} from "../installing/project/database_state.ts";
import type { Lock } from "../installing/project/lock_file.ts";
import { stepsAfterUninstall } from "../installing/project/next_steps.ts";
import { describeNaming, type TableRows } from "../installing/project/plan.ts";
import { overwriting } from "../installing/project/plan_functions.ts";
import { planUninstall } from "../installing/project/plan_uninstall.ts";
import { refuseNewer } from "../installing/project/plan_upgrade.ts";
import { requireLock } from "../installing/project/require_lock.ts";

interface UninstallOptions extends FileOptions {
  projectRef?: string | undefined;
  apiUrl?: string | undefined;
}

export const command = defineCommand(
  "uninstall",
  `Removes the mirror from a project: writes a migration that drops exactly what was installed, and removes
the functions, their sections and the schema's exposure. It never drops anything of your own:
whatever depends on the mirror is listed first. With --project-ref, it does the same in a hosted project that "${
    commandLine("install")
  }"
set up.`,
)
  .option("--db-url <url>", "Count the rows in this database, and look for what depends on them")
  .option(
    "--workdir <folder>",
    'The folder with "supabase/" in it; by default, this one or the nearest above it',
  )
  .option("--force", "Remove the mirror's files even if they were edited", false)
  .option("--dry-run", "Show what it would do, and do nothing", false)
  .option("--json", "Print the result as JSON, everything else to standard error", false)
  .option("-y, --yes", "Do it without asking", false)
  .option("--project-ref <ref>", "A hosted project instead: 20 letters, as in its URL")
  .option("--api-url <url>", "Another address of the Management API (SUPABASE_API_URL)")
  .action(async ({ projectRef, ...options }: UninstallOptions) => {
    if (projectRef === undefined) {
      return await withProject(options, (session) => uninstall(session, options));
    }
    const { runHostedUninstall } = await import("../installing/hosted/uninstall.ts");
    await runHostedUninstall({ ...options, projectRef });
  });

async function uninstall(session: FileSession, options: UninstallOptions): Promise<void> {
  const { project, output, database, canAsk } = session;
  const contents = await readContents();
  const lock = requireLock(project, contents);
  refuseNewer(contents, lock);
  const rows = database === undefined ? undefined : await lookInto(database, contents, lock);
  const applied = database === undefined ? [] : await readAppliedVersions(database);
  const mayOverwrite = overwriting(options.force, canAsk, "Remove");
  const plan = await planUninstall(project, contents, lock, mayOverwrite, applied);
  const counted = rows === undefined
    ? { notes: ['The rows to be removed were not counted: "--db-url <url>" does that'] }
    : { rows };
  await carryOut({ ...plan, ...counted }, options, output, {
    title: `Remove the mirror from ${project.root}, where it is in ${describeNaming(lock)}:`,
    question: "Remove all of this?",
    nothing: "Nothing to do",
    next: stepsAfterUninstall(project, lock.config.functions, lock),
  });
}

/**
 * Counts what would be deleted.
 *
 * @throws {Error} that lists what in the application depends on it, each with its remedy.
 */
async function lookInto(
  database: ProjectDatabase,
  { releases }: Contents,
  lock: Lock,
): Promise<TableRows[]> {
  const state = await readDatabaseState(database);
  if (state.mirror !== "installed") return [];
  const holders = await database.query(holdersQuery(releases, lock));
  if (holders.length > 0) {
    throw new Error([
      "Something of the application's own depends on the mirror, and would have to go with it. Nothing was " +
      "changed. Run this first, in a migration of your own:",
      ...holders.map(({ description, remedy }) => `  ${remedy};  -- ${description}`),
    ].join("\n"));
  }
  const counts = await database.query(countRowsQuery(releases, lock));
  return counts.map(({ table_name, row_count }) => ({
    table: String(table_name),
    rows: Number(row_count),
  }));
}
