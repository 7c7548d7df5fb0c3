/** Serves the console on this machine only: its page, and what the page requests. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import { checkOrigin, checkToken } from "./check_request.ts";
import { HttpError } from "./http_error.ts";
import type { PageFile } from "./page_files.ts";
import { createCallFunction } from "./project_client.ts";
import { readBody } from "./read_body.ts";
import type { Context, DevStack, Route } from "./route.ts";
import { deadLetterRoutes } from "./routes/dead_letters.ts";
import { effectRoutes } from "./routes/effects.ts";
import { eventRoutes } from "./routes/events.ts";
import { objectRoutes } from "./routes/objects.ts";
import { projectRoutes } from "./routes/project.ts";
import { sendRoutes } from "./routes/send.ts";
import { statusRoutes } from "./routes/status.ts";
import { viewRoutes } from "./routes/views.ts";
import { SECURITY_HEADERS } from "./security_headers.ts";

/** Only programs on this machine can reach it. */
const ADDRESS = "127.0.0.1";

/** Milliseconds that a request may take to arrive. */
const REQUEST_TIMEOUT = 10_000;

const ROUTES: Route[] = [
  ...projectRoutes,
  ...eventRoutes,
  ...objectRoutes,
  ...viewRoutes,
  ...deadLetterRoutes,
  ...effectRoutes,
  ...statusRoutes,
  ...sendRoutes,
];

/** Whose console it is. */
export interface ConsoleOptions {
  /** With the secret key, which stays in this process. */
  project: SupabaseEnv;
  /** The page, by path. */
  page: ReadonlyMap<string, PageFile>;
  takeStatus: Context["takeStatus"];
  /** Only if `dev` serves it for its own stack: writes need no confirmation, and events can be sent. */
  dev?: DevStack;
  /** A free one by default. */
  port?: number | undefined;
}

/** A running console. */
export interface ConsoleServer {
  /** Its URL, without the token. */
  url: string;
  /** What lets a browser in: as good as the secret key, for as long as this runs. */
  token: string;
  /** The URL to open: the token is in its fragment, which browsers never send. */
  link: string;
  close(): Promise<void>;
}

/**
 * Starts serving.
 *
 * @throws {Error} if it can't listen, for example because the port is taken.
 */
export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const token = randomBytes(32).toString("base64url");
  const context: Context = {
    project: options.project,
    call: createCallFunction(options.project),
    dev: options.dev,
    takeStatus: options.takeStatus,
  };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT });
  const port = await listen(server, options.port ?? 0);
  server.on("request", (request, response) => {
    answerRequest(request, response, { port, token, page: options.page, context }).catch(() =>
      response.destroy()
    );
  });
  const url = `http://${ADDRESS}:${port}/`;
  return {
    url,
    token,
    link: `${url}#token=${token}`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const reason = "code" in cause && cause.code === "EADDRINUSE" ? "it is taken" : cause.message;
      reject(new Error(`The console can't listen on port ${port}: ${reason}`, { cause }));
    });
    server.listen(port, ADDRESS, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

interface Service {
  port: number;
  token: string;
  page: ReadonlyMap<string, PageFile>;
  context: Context;
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  service: Service,
): Promise<void> {
  try {
    checkOrigin(request.headers, service.port);
    const { pathname, searchParams } = readAddress(request.url ?? "/");
    if (!pathname.startsWith("/api/")) return servePage(request, response, pathname, service.page);
    checkToken(request.headers, service.token);
    const route = findRoute(pathname, request.method);
    const body = route.method === "POST" ? await readBody(request) : {};
    const answer = await route.answer({ query: searchParams, body }, service.context);
    respond(response, 200, "application/json", JSON.stringify(answer));
  } catch (error) {
    respondWithError(response, error, service.context.project.supabaseKey);
  }
}

/** @throws {HttpError} 400, if it isn't one. */
function readAddress(target: string): URL {
  try {
    // A path that begins with two slashes would name a host.
    if (!target.startsWith("//")) return new URL(target, `http://${ADDRESS}`);
  } catch {
    // Thrown below.
  }
  throw new HttpError(400, "The address is malformed");
}

/** @throws {HttpError} 404 or 405. */
function findRoute(path: string, method: string | undefined): Route {
  const routes = ROUTES.filter((route) => route.path === path);
  if (routes.length === 0) throw new HttpError(404, "There is nothing at this address");
  const route = routes.find((route) => route.method === method);
  if (route === undefined) {
    throw new HttpError(
      405,
      `This address only accepts ${routes.map(({ method }) => method).join(", ")}`,
    );
  }
  return route;
}

function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  page: Service["page"],
): void {
  const file = page.get(path);
  if (file === undefined) throw new HttpError(404, "There is nothing at this address");
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new HttpError(405, "This address only accepts GET");
  }
  respond(response, 200, file.type, request.method === "HEAD" ? "" : file.body);
}

/** The sentence for the person looking at the page; for an unexpected error, only that it happened. */
function respondWithError(response: ServerResponse, error: unknown, secretKey: string): void {
  const { status, message } = error instanceof HttpError
    ? error
    : { status: 500, message: "The console failed to answer this" };
  const text = message.replaceAll(secretKey, "…");
  // The rest of a body isn't read.
  if (status === 413 || status === 415) response.setHeader("connection", "close");
  respond(response, status, "application/json", JSON.stringify({ error: text }));
}

function respond(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  response.writeHead(status, { ...SECURITY_HEADERS, "content-type": type }).end(body);
}
