import process from "node:process";
import { createOutput, type Output } from "../../commands/cli/output.ts";
import { undoUnfinished } from "./change_files.ts";
import { openDatabase, type ProjectDatabase } from "./database_state.ts";
import { openProject, type SupabaseProject } from "./supabase_project.ts";

/** Options that all commands on a project's files take. */
export interface FileOptions {
  workdir?: string | undefined;
  dbUrl?: string | undefined;
  force: boolean;
  yes: boolean;
  dryRun: boolean;
  json: boolean;
}

/** What these commands work with. */
export interface FileSession {
  project: SupabaseProject;
  output: Output;
  database: ProjectDatabase | undefined;
  /** Whether there is someone to ask. */
  canAsk: boolean;
}

/**
 * Finds the project, undoes what an earlier run left unfinished, connects to the database if one is named,
 * and does the work.
 *
 * @throws {Error} with a sentence, if there is no project, or its database can't be reached.
 */
export async function withProject(
  options: FileOptions,
  work: (session: FileSession) => Promise<void>,
): Promise<void> {
  const output = createOutput(options.json);
  const project = openProject(options.workdir ?? process.env.SUPABASE_WORKDIR, process.cwd());
  if (undoUnfinished(project.folder)) {
    output.say("An earlier run was interrupted: what it had begun was undone");
  }
  const hasTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const canAsk = hasTerminal && !options.yes && !options.json && !options.dryRun;
  const database = options.dbUrl === undefined ? undefined : await openDatabase(options.dbUrl);
  try {
    await work({ project, output, database, canAsk });
  } finally {
    await database?.close();
  }
}
