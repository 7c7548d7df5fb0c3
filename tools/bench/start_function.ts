import { fileURLToPath } from "node:url";
import { freePort, type Stack } from "../stack/stack.ts";

const ENTRYPOINT = new URL("../../functions/clerk-webhook/index.ts", import.meta.url);

/** Milliseconds within which it has to listen. */
const DEADLINE = 30_000;

/** A function in a process of its own. */
export interface FunctionProcess extends AsyncDisposable {
  url: string;
}

/**
 * Starts the ingest function by itself, as Supabase's edge runtime does, on the database of a stack.
 *
 * @throws {Error} if it does not start.
 */
export async function startFunction(stack: Stack, signingSecret: string): Promise<FunctionProcess> {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--allow-net",
      "--allow-env",
      "--host=127.0.0.1",
      `--port=${port}`,
      fileURLToPath(ENTRYPOINT),
    ],
    env: {
      CLERK_WEBHOOK_SIGNING_SECRET: signingSecret,
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.keys.secretKey }),
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    child.kill();
    await child.status;
  };
  await untilListening(port).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: stop };
}

async function untilListening(port: number): Promise<void> {
  const deadline = Date.now() + DEADLINE;
  while (Date.now() < deadline) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (connection) return connection.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The function does not listen after ${DEADLINE} ms`);
}
