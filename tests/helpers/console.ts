/** The console as its page sees it: requests with a token go in, JSON comes out. */
import { connect } from "node:net";
import { readPage } from "../../tools/console/page_files.ts";
import {
  type ConsoleOptions,
  type ConsoleServer,
  startConsole,
} from "../../tools/console/start_console.ts";
import { takeStatus } from "../../tools/commands/status/take_status.ts";
import type { Mirror } from "./mirror.ts";

/** A console that is being tested. */
export interface TestedConsole extends AsyncDisposable, ConsoleServer {
  /** The answer to a question of the page; fails unless it is answered with 200. */
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
  /** As the page asks, with other headers or another method where they are given. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/**
 * Serves a console for a mirror, whose secret key it has.
 *
 * @param kind Whether `dev` serves it for its own stack, or the command for any project.
 */
export async function openConsole(
  mirror: Mirror,
  kind: "dev" | "hosted" = "hosted",
  options: Partial<ConsoleOptions> = {},
): Promise<TestedConsole> {
  const { apiUrl, keys, naming, webhookUrl, signingSecret } = mirror;
  const project = { supabaseUrl: apiUrl, supabaseKey: keys.secretKey, naming };
  const server = await startConsole({
    project,
    page: await readPage(),
    takeStatus: () =>
      takeStatus({ project, probe: { functionUrl: webhookUrl, signingSecrets: [signingSecret] } }),
    ...(kind === "dev" ? { dev: { webhookUrl, signingSecret } } : {}),
    ...options,
  });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, server.url), {
      ...init,
      headers: { "x-console-token": server.token, ...init.headers },
    });
  const read = async (path: string, response: Response) => {
    const answer = await response.json();
    if (response.status !== 200) {
      throw new Error(`"${path}" was answered with ${response.status}: ${JSON.stringify(answer)}`);
    }
    return answer;
  };
  return {
    ...server,
    fetch: ask,
    get: async (path) => await read(path, await ask(path)),
    post: async (path, body) => await read(path, await ask(path, jsonRequest(body))),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A `POST` of JSON. */
export function jsonRequest(body: unknown): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** Sends bytes to the console as they are, and returns what it answers until it hangs up. */
export function sendRaw({ url }: ConsoleServer, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => answer += chunk);
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}
