import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";

/** The Supabase CLI that a project uses. */
export interface SupabaseCli {
  /** How to call it: "npx supabase". */
  command: string;
  /** Its major version: 2 and 3 refer to a hosted project differently. */
  major: number;
}

/** If none is found: one that npx fetches. */
const FETCHED: SupabaseCli = { command: "npx supabase@3", major: 3 };

/** Milliseconds that it may take to print its version. */
const PATIENCE = 10_000;

/**
 * Finds the CLI: in the project's packages or those of the folders around it, then on the path, then in what
 * package.json asks for.
 *
 * @param root The project's folder.
 */
export function detectCli(root: string): SupabaseCli {
  return findPackage(root) ?? findOnPath() ?? findDependency(root) ?? FETCHED;
}

function findPackage(folder: string): SupabaseCli | undefined {
  const version = readVersion(join(folder, "node_modules", "supabase", "package.json"));
  if (version !== undefined) return fromVersion("npx supabase", version);
  const parent = dirname(folder);
  return parent === folder ? undefined : findPackage(parent);
}

function readVersion(file: string): string | undefined {
  const description = readJson(file);
  return typeof description?.version === "string" ? description.version : undefined;
}

function findOnPath(): SupabaseCli | undefined {
  const { stdout, status } = spawnSync("supabase", ["--version"], {
    encoding: "utf8",
    timeout: PATIENCE,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, SUPABASE_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" },
  });
  return status === 0 ? fromVersion("supabase", stdout.trim()) : undefined;
}

/** Not installed yet, but listed: "^2.20.0". */
function findDependency(folder: string): SupabaseCli | undefined {
  const file = join(folder, "package.json");
  const { dependencies, devDependencies } = readJson(file) ?? {};
  const range = [devDependencies, dependencies].map((list) =>
    isRecord(list) ? list.supabase : undefined
  ).find((one) => typeof one === "string");
  if (typeof range === "string") return fromVersion("npx supabase", range);
  const parent = dirname(folder);
  return parent === folder ? undefined : findDependency(parent);
}

function fromVersion(command: string, version: string): SupabaseCli | undefined {
  const [, major] = /(\d+)\./.exec(version) ?? [];
  return major === undefined ? undefined : { command, major: Number(major) };
}

function readJson(file: string): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
