import { freePort } from "./stack.ts";
import { ROOT } from "./supabase_cli.ts";

/** A function in its own process, which can be killed at any moment. */
export interface FunctionProcess extends AsyncDisposable {
  /** Of the current process. */
  readonly pid: number;
  readonly kills: number;
  /** Passes on a request; answers 502 if the process dies before it answers. */
  serve(request: Request): Promise<Response>;
  /** Kills the process, and starts another. Resolves when that one responds. */
  killAndRestart(): Promise<void>;
}

/** Milliseconds that a process may take until its first response. */
const START_TIMEOUT = 60_000;

/**
 * Serves a file with `deno serve`. Resolves when it responds.
 *
 * @param entrypoint Below the repository's root.
 * @param heapLimit Megabytes of the heap, since a hosted function has a limit too: without one, the garbage
 * collector takes its time. None by default.
 */
export async function startFunctionProcess(
  entrypoint: string,
  env: Record<string, string>,
  heapLimit?: number,
): Promise<FunctionProcess> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  let kills = 0;
  let child = start();
  await answers();

  function start(): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: [
        "serve",
        "--quiet",
        "--no-check",
        "--allow-net",
        "--allow-env",
        "--allow-sys",
        ...(heapLimit === undefined ? [] : [`--v8-flags=--max-old-space-size=${heapLimit}`]),
        "--host=127.0.0.1",
        `--port=${port}`,
        entrypoint,
      ],
      cwd: ROOT,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }

  async function answers(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT;
    while (true) {
      try {
        // If the function refuses a request, that is a response too.
        await (await fetch(url)).body?.cancel();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await child.status;
  }

  return {
    get pid() {
      return child.pid;
    },
    get kills() {
      return kills;
    },
    async serve(request) {
      const { method, headers } = request;
      const body = await request.arrayBuffer();
      try {
        const answer = await fetch(url, { method, headers, body });
        return new Response(await answer.arrayBuffer(), answer);
      } catch {
        return new Response(null, { status: 502 });
      }
    },
    async killAndRestart() {
      kills++;
      await kill();
      child = start();
      await answers();
    },
    [Symbol.asyncDispose]: kill,
  };
}
