import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { installedNaming, isSameNaming, type Naming } from "../../../functions/_shared/naming.ts";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { homeFolder } from "../../commands/cli/home.ts";
import { isPacked } from "../../installing/sql/contents.ts";

/**
 * What `deno task dev` keeps between runs: its database, its generated secrets, its lock. Stacks with their
 * own folders run side by side.
 */
const FOLDER = resolve(
  homeFolder(),
  process.env.MIRROR_DEV_FOLDER || (isPacked ? "supabase/.temp/clerk-mirror" : ".dev"),
);

/** Where generated variables are kept. */
export const VARIABLES_FILE = join(FOLDER, "env");

/**
 * Where the database is kept. A server that root starts as another user can't work below a folder that is
 * closed to others, such as `/root`: for a clone in there, it is kept in `/var/tmp`.
 *
 * @param naming What the mirror is called in it. Other names use another database.
 */
export async function databaseHome(naming: Naming): Promise<string> {
  const suffix = nameSuffix(naming);
  if (Deno.uid() !== 0 || await isOpenToOthers(FOLDER)) return join(FOLDER, `postgres${suffix}`);
  const name = createHash("sha256").update(FOLDER).digest("hex").slice(0, 16);
  return `/var/tmp/clerk-supabase-mirror-${name}${suffix}`;
}

function nameSuffix(naming: Naming): string {
  return isSameNaming(naming, installedNaming) ? "" : `-${naming.schema}.${naming.prefix}`;
}

async function isOpenToOthers(path: string): Promise<boolean> {
  const { mode } = await Deno.stat(path).catch(() => ({ mode: null }));
  if (mode !== null && (mode & 0o001) === 0) return false;
  const parent = dirname(path);
  return parent === path || await isOpenToOthers(parent);
}

const LOCK_FILE = join(FOLDER, "lock");

/** Where a running stack is reachable. */
export interface RunningStack {
  webhookUrl: string;
  apiUrl: string;
  /** What the mirror is called there. */
  naming: Naming;
}

/** A running stack's lock on the folder. */
export interface FolderLock {
  /** Lets other commands know where the stack is reachable. */
  publish(running: RunningStack): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks the folder for one run. The operating system drops the lock of a process that was killed, so no lock
 * is ever stale.
 *
 * @returns Undefined if another process has it.
 */
export async function lockFolder(): Promise<FolderLock | undefined> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const file = await Deno.open(LOCK_FILE, { create: true, write: true });
  if (!await file.tryLock(true)) {
    file.close();
    return undefined;
  }
  const write = async (text: string) => {
    await file.truncate();
    await file.seek(0, Deno.SeekMode.Start);
    await file.write(new TextEncoder().encode(text));
  };
  return {
    publish: (running) => write(JSON.stringify({ pid: Deno.pid, ...running })),
    async release() {
      await write("");
      file.close();
    },
  };
}

/** Where this folder's stack is reachable, if one is running. */
export async function runningStack(): Promise<RunningStack | undefined> {
  try {
    const running: unknown = JSON.parse(await readFile(LOCK_FILE, "utf8"));
    if (!isRecord(running)) return undefined;
    const { webhookUrl, apiUrl, naming } = running;
    const { schema, prefix } = isRecord(naming) ? naming : installedNaming;
    return {
      webhookUrl: String(webhookUrl),
      apiUrl: String(apiUrl),
      naming: { schema: String(schema), prefix: String(prefix) },
    };
  } catch {
    return undefined;
  }
}
