/** Supabase projects of nobody, to put the mirror into with the real command line. */
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../../tools/development/stack/supabase_cli.ts";

/** How a command ended. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
  /** Both, without colors. */
  output: string;
}

/** A project in a folder of its own. */
export interface TestProject extends AsyncDisposable {
  /** The folder that has `supabase/` in it. */
  root: string;
  /** Writes a file below it. */
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  /** All files below it and their texts. */
  snapshot(): Promise<Record<string, string>>;
  /** Runs a command of the mirror in it, without a terminal. */
  run(...args: string[]): Promise<CommandResult>;
}

/** What Supabase's own starters make. */
export const STARTER = `create table profiles (
  id uuid references auth.users on delete cascade not null primary key,
  username text unique
);
`;

/** Makes a project of these files; of a minimal configuration by default. */
export async function createProject(
  files: Record<string, string> = { "supabase/config.toml": 'project_id = "test"\n' },
): Promise<TestProject> {
  const root = await Deno.makeTempDir({ prefix: "clerk-mirror-init-" });
  const project: TestProject = {
    root,
    async write(path, text) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    },
    read: (path) => Deno.readTextFile(join(root, path)),
    snapshot: async () => Object.fromEntries(await readFiles(root, "")),
    run: (...args) => runMirror(args, { cwd: root }),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
  for (const [path, text] of Object.entries(files)) await project.write(path, text);
  return project;
}

/** The mirror's command line as a process. */
export function mirrorCommand(
  args: string[],
  options: { cwd: string; env?: Record<string, string> },
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      `--config=${join(ROOT, "deno.json")}`,
      join(ROOT, "tools", "main.ts"),
      ...args,
    ],
    cwd: options.cwd,
    env: { NO_COLOR: "1", SUPABASE_WORKDIR: "", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the mirror's command line to its end. */
export async function runMirror(
  args: string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<CommandResult> {
  const { code, stdout, stderr } = await mirrorCommand(args, options).output();
  const decoder = new TextDecoder();
  const texts = { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  return { code, ...texts, output: stripVTControlCharacters(texts.stdout + texts.stderr) };
}

async function readFiles(root: string, folder: string): Promise<[string, string][]> {
  const entries = await Array.fromAsync(Deno.readDir(join(root, folder)));
  const found = await Promise.all(entries.map(async (entry): Promise<[string, string][]> => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return await readFiles(root, path);
    return [[path, await Deno.readTextFile(join(root, path))]];
  }));
  return found.flat().sort(([one], [other]) => one < other ? -1 : 1);
}
