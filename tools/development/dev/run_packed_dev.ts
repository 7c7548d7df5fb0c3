/**
 * The development stack of the package. It runs on Deno, as the functions do, and needs Postgres. Both are
 * fetched on the first run, into a folder of their own, so that the package itself stays small.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RELEASE } from "../../../functions/_shared/release.ts";

/** The package: all of it is next to this file. */
const PACKAGE = fileURLToPath(new URL("./", import.meta.url));

/** What has to be installed for the stack; `deno` for users on Node. */
interface Requirements {
  dependencies: Record<string, string>;
  deno: string;
}

/**
 * Runs the stack until it is interrupted, and exits with its status.
 *
 * @throws {Error} with a sentence, if something it needs can't be fetched.
 */
export async function runPackedDev(): Promise<void> {
  const folder = await installStack();
  const deno = process.versions.deno ? process.execPath : denoIn(folder);
  const args = ["run", "-A", "--no-lock", "--node-modules-dir=manual", join(folder, "dev.js")];
  process.exitCode = await run(deno, args, process.cwd());
}

/** @returns The folder of this release, complete. */
async function installStack(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "clerk-supabase-mirror", RELEASE);
  if (existsSync(join(folder, "dev.js"))) return folder;
  console.log("Fetching what the development stack needs (once for each release) …");
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    const { dependencies, deno }: Requirements = JSON.parse(
      await readFile(join(PACKAGE, "dev.json"), "utf8"),
    );
    const onDeno = process.versions.deno !== undefined;
    await writeFile(
      join(unfinished, "package.json"),
      JSON.stringify({
        private: true,
        type: "module",
        dependencies: onDeno ? dependencies : { ...dependencies, deno },
      }),
    );
    const [program = "", ...args] = onDeno
      ? [process.execPath, "install", "--quiet", "--allow-scripts"]
      : [npm(), "install", "--no-audit", "--no-fund", "--loglevel=error"];
    const status = await run(program, args, unfinished);
    if (status !== 0) throw new Error(`"${[program, ...args].join(" ")}" failed: ${status}`);
    await cp(PACKAGE, unfinished, { recursive: true, filter: isOurs });
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`What the development stack needs can't be fetched: ${reason}`, { cause });
  }
  return folder;
}

/** Everything except what the package manager keeps next to it, and the package's own description. */
function isOurs(path: string): boolean {
  return !/(?:[\\/]node_modules|[\\/]package\.json)$/.test(path.slice(PACKAGE.length - 1));
}

function denoIn(folder: string): string {
  const name = process.platform === "win32" ? "deno.exe" : "deno";
  return join(folder, "node_modules", "deno", name);
}

function npm(): string {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}

/** Runs a program with this process's terminal, and forwards the signals that end this one. */
async function run(program: string, args: string[], cwd: string): Promise<number> {
  const child = spawn(program, args, {
    cwd,
    stdio: "inherit",
    shell: program.endsWith(".cmd"),
  });
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
  const signals: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, passOn);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      // Deno reports no status for a child that received a signal from here, however it ended.
      child.on("exit", (code) => resolve(code ?? (child.killed ? 0 : 1)));
    });
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}
