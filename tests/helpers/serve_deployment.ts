/** Runs what was uploaded to a project, as its functions would run there. */
import { join } from "node:path";
import { freePort } from "../../tools/development/stack/stack.ts";
import { type Deployment, layOut } from "./deployment.ts";
import type { Target } from "./target.ts";

/** Milliseconds, for the first start downloads the function's packages. */
const START_DEADLINE = 60_000;

/** A folder that goes after use. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "clerk-mirror-deploy-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Starts what was uploaded, and nothing else, and stops it after use. */
export async function whileServing(
  deno: string,
  deployment: Deployment,
  mirror: Target,
  use: (url: string) => Promise<void>,
  env: Record<string, string> = {},
): Promise<{ lines: string[]; stderr: string }> {
  await using folder = await temporaryFolder();
  await layOut(deployment, folder.path);
  const port = freePort();
  const { entrypoint_path, import_map_path } = deployment.metadata;
  const child = new Deno.Command(deno, {
    args: [
      "serve",
      "--allow-net",
      "--allow-env",
      "--no-prompt",
      // A single file needs none.
      ...(import_map_path ? [`--config=${join(folder.path, import_map_path)}`] : ["--no-config"]),
      "--host=127.0.0.1",
      `--port=${port}`,
      join(folder.path, entrypoint_path),
    ],
    cwd: folder.path,
    env: {
      CLERK_WEBHOOK_SIGNING_SECRET: mirror.signingSecret,
      SUPABASE_URL: mirror.apiUrl,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: mirror.keys.secretKey }),
      NO_COLOR: "1",
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  try {
    await untilListening(port);
    await use(`http://127.0.0.1:${port}/`);
  } finally {
    child.kill();
  }
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const lines = decoder.decode(stdout).split("\n").filter((line) => line.startsWith("{"));
  return { lines, stderr: decoder.decode(stderr) };
}

async function untilListening(port: number): Promise<void> {
  const deadline = Date.now() + START_DEADLINE;
  while (Date.now() < deadline) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (connection) return connection.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Nothing listens after ${START_DEADLINE} ms`);
}
