import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import type { HandlerOptions } from "../../functions/clerk-webhook/handler.ts";
import type { Database } from "../../functions/_shared/database.types.ts";
import { type Answer, deliver } from "../../tools/development/events/deliver.ts";
import {
  type DeliveryOptions,
  newSigningSecret,
  signedRequest,
} from "../../tools/development/events/signed_request.ts";
import { serveWebhook } from "../../tools/development/stack/serve_webhook.ts";
import { sessionToken } from "../../tools/development/stack/session_token.ts";
import { type Stack, type StackOptions, startStack } from "../../tools/development/stack/stack.ts";
import { namingEnv, renamingFetch, renamingSql, searchPath, testNaming } from "./naming.ts";
import { type Target, targetFromEnv } from "./target.ts";
import { withTemplate } from "./template.ts";

/** Supabase's client with the types of this schema. */
export type Client = SupabaseClient<Database>;

/** A mirror as its tests see it: webhooks go in, rows come out. */
export interface Mirror extends AsyncDisposable, Target {
  /** The database as its owner, for what no client may see. The mirror goes by the repository's names. */
  sql: postgres.Sql;
  /** Delivers an event, correctly signed. */
  send(event: unknown, options?: DeliveryOptions): Promise<Answer>;
  /** supabase-js of a signed-in user. The mirror goes by the repository's names here too. */
  asUser(userId: string, claims?: Record<string, unknown>): Client;
  /** supabase-js without a user. */
  asAnon(): Client;
  /** supabase-js with the secret key. */
  asService(): Client;
}

/** A mirror with a stack of its own, for tests that break things. */
export interface OwnMirror extends Mirror {
  stack: Stack;
}

/** Opens the target of this test run, or a stack of one's own where the run has none. */
export async function openMirror(): Promise<Mirror> {
  const target = targetFromEnv();
  return target ? connect(target) : await openOwnMirror();
}

/** Starts a stack that no other test uses, where the mirror is called as in this run by default. */
export async function startOwnStack(options: StackOptions = {}): Promise<Stack> {
  return await startStack(withTemplate({ naming: testNaming, ...options }));
}

/** Opens a stack that no other test uses. */
export async function openOwnMirror(
  options: StackOptions = {},
  handlerOptions: Partial<HandlerOptions> = {},
): Promise<OwnMirror> {
  const stack = await startOwnStack(options);
  const target = serveTarget(stack, handlerOptions);
  return { ...connect(target, () => stack.stop()), stack };
}

/** Serves the ingest function on a stack, with a secret of its own. */
export function serveTarget(stack: Stack, handlerOptions: Partial<HandlerOptions> = {}): Target {
  const signingSecret = newSigningSecret();
  const webhookUrl = serveWebhook(
    stack,
    { CLERK_WEBHOOK_SIGNING_SECRET: signingSecret },
    { log: () => {}, ...handlerOptions },
  );
  const { apiUrl, databaseUrl, keys, naming } = stack;
  return { apiUrl, databaseUrl, keys, naming, webhookUrl, signingSecret };
}

function connect(target: Target, stop: () => Promise<void> = async () => {}): Mirror {
  const { apiUrl, webhookUrl, signingSecret, keys, naming } = target;
  const owner = postgres(target.databaseUrl, {
    max: 4,
    onnotice: () => {},
    connection: { search_path: searchPath(naming) },
  });
  const client = (key: string, accessToken?: () => Promise<string>) =>
    createClient<Database>(apiUrl, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      // The types know the schema by the name that it has here.
      db: { schema: naming.schema as "public" },
      global: { fetch: renamingFetch(naming) },
      ...(accessToken ? { accessToken } : {}),
    });
  return {
    ...target,
    sql: renamingSql(owner, naming),
    send(event, options) {
      const body = typeof event === "string" ? event : JSON.stringify(event);
      return deliver(signedRequest(webhookUrl, signingSecret, body, options));
    },
    asUser: (userId, claims) =>
      client(keys.publishableKey, () => sessionToken(userId, keys.jwtSecret, claims)),
    asAnon: () => client(keys.publishableKey),
    asService: () => client(keys.secretKey),
    async [Symbol.asyncDispose]() {
      await owner.end({ timeout: 1 });
      await stop();
    },
  };
}

/** Names a mirror to a command, which then looks nowhere else for one. */
export function commandEnv({ apiUrl, keys, naming }: Mirror): Record<string, string> {
  return {
    SUPABASE_URL: apiUrl,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
    ...namingEnv(naming),
    MIRROR_DEV_FOLDER: "none",
    MIRROR_ENV_FILE: "none",
  };
}

/** How many rows a table has. */
export async function countRows({ sql }: Mirror, table: string): Promise<number> {
  const [row] = await sql`select count(*)::integer as count from ${sql(table)}`;
  return row?.count;
}

/**
 * Resolves once a statement waits for a lock.
 *
 * @throws {Error} if none does within five seconds.
 */
export async function untilSomebodyWaits(sql: postgres.Sql): Promise<void> {
  const deadline = Date.now() + 5000;
  while (Date.now() < deadline) {
    const [row] = await sql`select count(*)::integer as waiting from pg_locks where not granted`;
    if (row?.waiting > 0) return;
  }
  throw new Error("Nobody waits for a lock");
}
