import { join } from "node:path";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { ROOT } from "../stack/supabase_cli.ts";

/** What `deno task dev` keeps between runs: its database, its generated secrets, its lock. */
const FOLDER = join(ROOT, ".dev");

/** Where generated variables are kept. */
export const VARIABLES_FILE = join(FOLDER, "env");

/** Where the database is kept. */
export const DATABASE_HOME = join(FOLDER, "postgres");

const LOCK_FILE = join(FOLDER, "lock");

/** The hold of a running stack on the folder. */
export interface FolderLock {
  /** Lets other commands know where the stack answers. */
  publish(webhookUrl: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the folder for one run. The operating system drops the lock of a process that was killed, so
 * that none is ever stale.
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
    publish: (webhookUrl) => write(JSON.stringify({ pid: Deno.pid, webhookUrl })),
    async release() {
      await write("");
      file.close();
    },
  };
}

/** Where the stack that is running answers webhooks, if one is. */
export async function runningWebhookUrl(): Promise<string | undefined> {
  try {
    const running: unknown = JSON.parse(await Deno.readTextFile(LOCK_FILE));
    return isRecord(running) && typeof running.webhookUrl === "string"
      ? running.webhookUrl
      : undefined;
  } catch {
    return undefined;
  }
}
