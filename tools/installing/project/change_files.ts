/**
 * Changes several files as one: all of them, or none. New files are first written next to the project's own,
 * what they replace is kept, and a journal records the progress, so that a failure or a killed process leaves
 * everything as it was.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import * as z from "zod";

/** In `supabase/`, while files are being changed. */
const WORKSHOP = ".clerk-mirror-unfinished";
const JOURNAL = "journal.json";

/** A file before and after. */
export interface FileChange {
  /** Below `supabase/`, with slashes. */
  path: string;
  /** Undefined if it is new. */
  before: string | undefined;
  /** Undefined if it is deleted. */
  after: string | undefined;
}

const journalSchema = z.object({
  /** The process that is changing them. */
  process: z.number(),
  /** Absolute, in the order in which they are changed. */
  targets: z.array(z.object({ file: z.string(), isThere: z.boolean(), stays: z.boolean() })),
  /** Folders that are created for them, outer ones first. */
  folders: z.array(z.string()),
});

type Journal = z.infer<typeof journalSchema>;

/**
 * Changes the files.
 *
 * @param folder The project's `supabase/`.
 * @throws {Error} with a sentence, with everything as it was before.
 */
export async function changeFiles(folder: string, changes: FileChange[]): Promise<void> {
  const work = changes.filter(({ before, after }) => before !== after);
  if (work.length === 0) return;
  const workshop = join(folder, WORKSHOP);
  const signals: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  let interruption: string | undefined;
  const interrupt = (signal: NodeJS.Signals) => interruption = signal;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    takeWorkshop(workshop);
    try {
      const journal = prepare(folder, workshop, work);
      // Signals are handled here, and not between two of the files.
      await new Promise((resolve) => setImmediate(resolve));
      if (interruption !== undefined) throw new Error("Interrupted");
      commit(workshop, journal);
    } catch (error) {
      undo(workshop);
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}. Nothing was changed`, { cause: error });
    }
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

/**
 * Undoes what a killed process began.
 *
 * @returns Whether there was something.
 * @throws {Error} with a sentence, if that process is still running.
 */
export function undoUnfinished(folder: string): boolean {
  const workshop = join(folder, WORKSHOP);
  if (!existsSync(workshop)) return false;
  const journal = readJournal(workshop);
  if (journal && journal.process !== process.pid && isAlive(journal.process)) {
    throw new Error(`Another process (${journal.process}) is changing this project. Wait for it`);
  }
  undo(workshop);
  return true;
}

function takeWorkshop(workshop: string): void {
  try {
    mkdirSync(workshop);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The project can't be changed: ${reason}. Nothing was changed`, { cause });
  }
}

/** Writes everything new into the staging folder, and the journal last. */
function prepare(folder: string, workshop: string, changes: FileChange[]): Journal {
  const targets = changes.map(({ path, before, after }, place) => {
    const file = followLink(join(folder, path));
    const found = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    if (found !== before) throw new Error(`"supabase/${path}" was changed in the meantime`);
    if (after !== undefined) {
      const temporary = newFile(workshop, place);
      writeFileSync(temporary, after);
      if (before !== undefined) chmodSync(temporary, statSync(file).mode);
    }
    return { file, isThere: before !== undefined, stays: after !== undefined };
  });
  const parents = targets.filter(({ stays }) => stays).map(({ file }) => dirname(file));
  const folders = [...new Set(parents.flatMap(missingFolders))];
  const journal = { process: process.pid, targets, folders };
  writeFileSync(join(workshop, JOURNAL), JSON.stringify(journal));
  return journal;
}

/** A symbolic link stays one. */
function followLink(file: string): string {
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? realpathSync(file) : file;
}

function missingFolders(folder: string): string[] {
  return existsSync(folder) ? [] : [...missingFolders(dirname(folder)), folder];
}

/** Moves everything into place: as one, since nothing else in this process runs in between. */
function commit(workshop: string, { targets, folders }: Journal): void {
  for (const folder of folders) mkdirSync(folder);
  for (const [place, { file, isThere, stays }] of targets.entries()) {
    if (isThere) renameSync(file, oldFile(workshop, place));
    if (stays) renameSync(newFile(workshop, place), file);
  }
  // From here on, it is done.
  rmSync(join(workshop, JOURNAL));
  rmSync(workshop, { recursive: true });
  for (const { file, stays } of targets) {
    if (stays) continue;
    removeIfEmpty(dirname(file));
    removeIfEmpty(dirname(dirname(file)));
  }
}

function undo(workshop: string): void {
  const { targets, folders } = readJournal(workshop) ?? { targets: [], folders: [] };
  for (const [place, { file, isThere, stays }] of [...targets.entries()].reverse()) {
    if (existsSync(oldFile(workshop, place))) renameSync(oldFile(workshop, place), file);
    else if (!isThere && stays && !existsSync(newFile(workshop, place))) {
      rmSync(file, { force: true });
    }
  }
  for (const folder of [...folders].reverse()) removeIfEmpty(folder);
  rmSync(workshop, { recursive: true });
}

/** Without a journal, nothing has been moved yet, or everything is in place. */
function readJournal(workshop: string): Journal | undefined {
  const file = join(workshop, JOURNAL);
  try {
    return journalSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It contains something else, or it isn't there.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function newFile(workshop: string, place: number): string {
  return join(workshop, `${place}.new`);
}

function oldFile(workshop: string, place: number): string {
  return join(workshop, `${place}.old`);
}
