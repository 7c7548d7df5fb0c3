import type { ClerkEnv } from "../_shared/clerk_env.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { createSupabase, type Supabase } from "../_shared/supabase.ts";
import { writeObjects } from "../_shared/write_objects.ts";
import { createDatabase } from "../clerk-webhook/database.ts";
import type { RefreshConfig } from "./env.ts";
import { RefreshRefusal, type RefreshRefusalCode } from "./errors.ts";
import { readUser } from "./read_user.ts";

/** Seconds that a user has to wait between two refreshes. */
const INTERVAL = 10;

/** Seconds after which to retry when Clerk or the database can't be reached. */
const RETRY_AFTER = 5;

/** Browsers of any origin may call it: what counts is the token. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, apikey, content-type, x-client-info",
  "access-control-allow-methods": "POST",
};

const refusalStatus: Record<RefreshRefusalCode, number> = {
  method_not_allowed: 405,
  off: 404,
  unauthorized: 401,
  no_profile: 403,
  too_early: 429,
  not_found: 404,
};

/** What the handler works with. */
export interface RefreshHandlerOptions {
  config: RefreshConfig | Misconfiguration;
  /** Receives the one line per request; the console by default. */
  log?: (line: string) => void;
}

/**
 * Creates the function's request handler: it reads the signed-in user and their memberships from Clerk and
 * writes them as a backfill would, so that they are there before their webhooks.
 */
export function createRefreshHandler(
  { config, log = console.log }: RefreshHandlerOptions,
): (request: Request) => Promise<Response> {
  async function refresh(request: Request): Promise<number> {
    if (request.method !== "POST") throw new RefreshRefusal("method_not_allowed");
    if (config instanceof Misconfiguration) throw config;
    if (config.clerk === undefined) throw new RefreshRefusal("off");
    const userId = await readCaller(request, config);
    await takeTurn(createSupabase(config), userId);
    return await writeUser(config, config.clerk, userId);
  }

  return async (request) => {
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: CORS });
    const startedAt = performance.now();
    const { status, headers, body, reason } = await refresh(request).then(toAnswer, toErrorAnswer);
    const duration_ms = Math.round(performance.now() - startedAt);
    log(JSON.stringify({ ...body, ...reason, status, duration_ms }));
    return Response.json(body, { status, headers: { ...CORS, ...headers } });
  };
}

/**
 * Who is calling. The REST API checks the token, as it does for every query, and makes sure that there is a
 * profile.
 *
 * @throws {RefreshRefusal} `unauthorized`, or `no_profile` for a deleted user or someone who isn't a Clerk
 * user.
 */
async function readCaller(request: Request, project: RefreshConfig): Promise<string> {
  const token = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const apiKey = request.headers.get("apikey");
  if (!token || !apiKey) throw new RefreshRefusal("unauthorized");
  const caller = createSupabase({ ...project, supabaseKey: apiKey }, token);
  const { data, error, status } = await caller.rpc("ensure_profile");
  if (status === 401 || status === 403) throw new RefreshRefusal("unauthorized");
  if (error) throw new Error(`The profile can't be read: "${error.code}"`, { cause: error });
  const [profile] = data;
  if (profile === undefined) throw new RefreshRefusal("no_profile");
  return profile.id;
}

/** @throws {RefreshRefusal} `too_early`. */
async function takeTurn(supabase: Supabase, user_id: string): Promise<void> {
  const { data: seconds, error } = await supabase.rpc("begin_refresh", {
    user_id,
    interval_seconds: INTERVAL,
  });
  if (error) throw new Error(`The turn can't be taken: "${error.code}"`, { cause: error });
  if (seconds > 0) throw new RefreshRefusal("too_early", seconds);
}

/** Returns how many memberships the user has. */
async function writeUser(config: RefreshConfig, clerk: ClerkEnv, userId: string): Promise<number> {
  const { user, memberships } = await readUser(clerk, userId);
  const database = createDatabase(config);
  const refused = [
    ...await writeObjects("user.updated", [user], database),
    ...await writeObjects("organizationMembership.updated", memberships, database),
  ];
  const [first] = refused;
  if (first !== undefined) throw new Error(`Can't be mirrored: ${first.reason}`);
  return memberships.length;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
  /** For the log only. */
  reason?: Record<string, string>;
}

function toAnswer(memberships: number): Answer {
  return { status: 200, body: { outcome: "refreshed", memberships } };
}

function toErrorAnswer(error: unknown): Answer {
  if (error instanceof RefreshRefusal) {
    const { code, retryAfter } = error;
    return {
      status: refusalStatus[code],
      body: { error: code },
      headers: {
        ...(code === "method_not_allowed" ? { allow: "POST" } : {}),
        ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
      },
    };
  }
  if (error instanceof Misconfiguration) {
    const { variable, message: reason } = error;
    return { status: 500, body: { error: "misconfigured" }, reason: { variable, reason } };
  }
  return {
    status: 503,
    body: { error: "unavailable" },
    headers: { "retry-after": String(RETRY_AFTER) },
    reason: { reason: error instanceof Error ? error.message : String(error) },
  };
}
