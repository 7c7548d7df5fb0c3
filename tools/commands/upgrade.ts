/** Upgrades a project's mirror to this release: its files, or a hosted project through the Management API. */
import { commandLine, defineCommand } from "./cli/command.ts";
import { readContents } from "../installing/sql/contents.ts";
import { carryOut } from "../installing/project/carry_out.ts";
import {
  type FileOptions,
  type FileSession,
  withProject,
} from "../installing/project/file_session.ts";
import { readAppliedVersions } from "../installing/project/database_state.ts";
import { stepsAfterUpgrade } from "../installing/project/next_steps.ts";
import { overwriting } from "../installing/project/plan_functions.ts";
import { planUpgrade } from "../installing/project/plan_upgrade.ts";
import { requireLock } from "../installing/project/require_lock.ts";

interface UpgradeOptions extends FileOptions {
  projectRef?: string | undefined;
  apiUrl?: string | undefined;
}

export const command = defineCommand(
  "upgrade",
  `Upgrades the mirror in a project to this release: adds a migration for each release that the project is missing,
and replaces the functions. Files that were edited are listed and kept. With --project-ref, it does the
same, without files, in a hosted project that "${commandLine("install")}" set up.`,
)
  .option(
    "--db-url <url>",
    "Make the new migrations come after this database's, too (postgresql://…)",
  )
  .option(
    "--workdir <folder>",
    'The folder with "supabase/" in it; by default, this one or the nearest above it',
  )
  .option("--force", "Replace the mirror's files even if they were edited", false)
  .option("--dry-run", "Show what it would do, and do nothing", false)
  .option("--json", "Print the result as JSON, everything else to standard error", false)
  .option("-y, --yes", "Do it without asking", false)
  .option("--project-ref <ref>", "A hosted project instead: 20 letters, as in its URL")
  .option("--api-url <url>", "Another address of the Management API (SUPABASE_API_URL)")
  .action(async ({ projectRef, ...options }: UpgradeOptions) => {
    if (projectRef === undefined) {
      return await withProject(options, (session) => upgrade(session, options));
    }
    const { runHostedUpgrade } = await import("../installing/hosted/upgrade.ts");
    await runHostedUpgrade({ ...options, projectRef });
  });

async function upgrade(session: FileSession, options: UpgradeOptions): Promise<void> {
  const { project, output, database, canAsk } = session;
  const contents = await readContents();
  const lock = requireLock(project, contents);
  const applied = database === undefined ? [] : await readAppliedVersions(database);
  const mayOverwrite = overwriting(options.force, canAsk, "Replace");
  const plan = await planUpgrade(project, contents, lock, mayOverwrite, applied);
  const names = contents.functions.map(({ name }) => name);
  await carryOut(plan, options, output, {
    title: `The mirror in ${project.root} from ${lock.version} to ${plan.version}:`,
    question: "Write this?",
    nothing: `Nothing to do: the mirror in this project is ${plan.version}`,
    next: stepsAfterUpgrade(project, names),
  });
}
