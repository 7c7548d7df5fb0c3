/** Adds the mirror to a Supabase project under version control: files, and nothing else. */
import type { Naming } from "../../functions/_shared/naming.ts";
import { commandLine, defineCommand } from "./cli/command.ts";
import { checkNaming } from "../installing/sql/check_naming.ts";
import { type Contents, readContents } from "../installing/sql/contents.ts";
import { carryOut } from "../installing/project/carry_out.ts";
import { chooseNaming } from "../installing/project/choose_naming.ts";
import {
  type FileOptions,
  type FileSession,
  withProject,
} from "../installing/project/file_session.ts";
import { compareVersions } from "../../functions/_shared/compare_versions.ts";
import { readAppliedVersions } from "../installing/project/database_state.ts";
import { migrationVersions, readMadeObjects } from "../installing/project/file_clashes.ts";
import { type Lock, readLock } from "../installing/project/lock_file.ts";
import { linkedProject, stepsAfterInit } from "../installing/project/next_steps.ts";
import { describeNaming, type Plan } from "../installing/project/plan.ts";
import { overwriting } from "../installing/project/plan_functions.ts";
import { planInit, planRepair } from "../installing/project/plan_init.ts";
import { refuseNewer } from "../installing/project/plan_upgrade.ts";
import { ignoredConfig, type SupabaseProject } from "../installing/project/supabase_project.ts";

interface InitOptions extends FileOptions {
  schema?: string | undefined;
  prefix?: string | undefined;
}

export const command = defineCommand(
  "init",
  `Adds the mirror to a Supabase project under version control: one migration after the project's
last one, each function as a single file, and their sections in the configuration. It first checks whether
the mirror's names are taken. Then it shows every file it will write and every line it will change, and asks
once. If you run it again, it finds nothing to do. "${
    commandLine("upgrade")
  }" brings later releases.`,
)
  .option("--schema <name>", 'The schema for the mirror\'s tables; "public" by default')
  .option("--prefix <text>", "A prefix for the mirror's tables and functions, such as clerk_")
  .option("--db-url <url>", "Also look for clashes in this database (postgresql://…)")
  .option(
    "--workdir <folder>",
    'The folder with "supabase/" in it; by default, this one or the nearest above it',
  )
  .option("--force", "Replace the mirror's files even if they were edited", false)
  .option("--dry-run", "Show what it would do, and do nothing", false)
  .option("--json", "Print the result as JSON, everything else to standard error", false)
  .option("-y, --yes", "Do it without asking", false)
  .action(async (options: InitOptions) => {
    const wanted = { schema: options.schema ?? "public", prefix: options.prefix ?? "" };
    checkNaming(wanted);
    await withProject(options, (session) => init(session, options, wanted));
  });

async function init(session: FileSession, options: InitOptions, wanted: Naming): Promise<void> {
  const { project, output } = session;
  const contents = await readContents();
  const lock = readLock(project.folder);
  const plan = lock === undefined
    ? await planFirst(session, contents, wanted)
    : await planAgain(session, options, contents, lock);
  const names = contents.functions.map(({ name }) => name);
  await carryOut(plan, options, output, {
    title: `The mirror ${plan.version} for ${project.root}, in ${describeNaming(plan.naming)}:`,
    question: "Write this?",
    nothing: `Nothing to do: the mirror ${plan.version} is in this project`,
    next: stepsAfterInit(project, names, plan.naming),
  });
}

async function planFirst(
  { project, database, canAsk }: FileSession,
  contents: Contents,
  wanted: Naming,
): Promise<Plan> {
  const mirrorSql = contents.releases.map(({ sql }) => sql).join("\n");
  const made = readMadeObjects(project.folder);
  const naming = await chooseNaming(wanted, { mirrorSql, made, database }, canAsk);
  const applied = database === undefined ? [] : await readAppliedVersions(database);
  return await planInit(project, contents, naming, {
    versions: [...migrationVersions(project.folder), ...applied],
    notes: notesOn(project, database !== undefined),
  });
}

async function planAgain(
  { project, canAsk }: FileSession,
  options: InitOptions,
  contents: Contents,
  lock: Lock,
): Promise<Plan> {
  refuseNewer(contents, lock);
  refuseOtherNames(options, lock);
  if (compareVersions(lock.version, contents.version) < 0) {
    throw new Error(
      `The project has the mirror's release ${lock.version}. "${
        commandLine("upgrade")
      }" upgrades it to ${contents.version}`,
    );
  }
  const mayOverwrite = overwriting(options.force, canAsk, "Replace");
  return await planRepair(project, contents, lock, mayOverwrite);
}

/** Tables don't move on their own. */
function refuseOtherNames({ schema, prefix }: InitOptions, lock: Lock): void {
  const isSame = (schema ?? lock.schema) === lock.schema && (prefix ?? lock.prefix) === lock.prefix;
  if (isSame) return;
  throw new Error(
    `The mirror is already in this project, in ${
      describeNaming(lock)
    }. To move it elsewhere, uninstall it first: ` +
      `"${commandLine("uninstall")}"`,
  );
}

function notesOn(project: SupabaseProject, isDatabaseKnown: boolean): string[] {
  const ignored = ignoredConfig(project);
  const isLinked = linkedProject(project) !== undefined;
  return [
    ...(ignored === undefined ? [] : [
      `supabase/${ignored} was not changed: the Supabase CLI reads supabase/${project.configName}`,
    ]),
    ...(isLinked && !isDatabaseKnown
      ? ['The linked database was not checked for clashes: "--db-url <url>" does that']
      : []),
  ];
}
