/** A Supabase project with the mirror on this machine, without Docker, until Ctrl-C. */
import { styleText } from "node:util";
import { Misconfiguration } from "../../../functions/_shared/misconfiguration.ts";
import { readConfig } from "../../../functions/clerk-webhook/env.ts";
import { createNudge } from "../../../functions/clerk-webhook/nudge.ts";
import type { Naming } from "../../../functions/_shared/naming.ts";
import { applyContents } from "../../installing/sql/apply_contents.ts";
import { isPacked } from "../../installing/sql/contents.ts";
import { commandLine } from "../../commands/cli/command.ts";
import { readProjectNaming } from "./project_naming.ts";
import { databaseHome, lockFolder, VARIABLES_FILE } from "./folder.ts";
import { serveDevConsole } from "./serve_dev_console.ts";
import { readVariables, type Variables } from "./variables.ts";
import { stopLeftover } from "../stack/postgres.ts";
import { freePort, type Stack, startStack } from "../stack/stack.ts";
import { serveEffects } from "../stack/serve_effects.ts";
import { serveReconcile } from "../stack/serve_reconcile.ts";
import { serveRefresh } from "../stack/serve_refresh.ts";
import { serveWebhook } from "../stack/serve_webhook.ts";

/** Supabase's usual ports; others if these are taken. */
const API_PORT = 54321;
const DATABASE_PORT = 54322;

/**
 * Runs the stack until it is interrupted.
 *
 * @throws {Error} with a sentence, if it can't start.
 */
export async function runDev(): Promise<void> {
  const interrupted = nextInterrupt();
  const lock = await lockFolder();
  if (lock === undefined) {
    throw new Error("The development stack of this folder is already running");
  }
  try {
    const variables = await readVariables();
    const env = functionEnv(variables);
    const naming = await readProjectNaming();
    const home = await databaseHome(naming);
    await stopLeftover(home);
    console.log("Starting …");
    const stack = await startStack({
      home,
      naming,
      keys: variables.keys,
      apiPort: availablePort(API_PORT),
      databasePort: availablePort(DATABASE_PORT),
      // In the repository, the real CLI does this.
      ...(isPacked ? { fill: (url) => applyContents(url, naming) } : {}),
    });
    try {
      const webhookUrl = serveWebhook(stack, { ...env, ...variables.effects }, { createNudge });
      serveEffects(stack, variables.effects);
      serveRefresh(stack, variables.refresh);
      serveReconcile(stack, variables.refresh);
      await lock.publish({ webhookUrl, apiUrl: stack.apiUrl, naming });
      const server = await serveDevConsole(stack, webhookUrl, variables.signingSecret);
      try {
        printStack(stack, webhookUrl, variables, server.link);
        await interrupted;
        console.log("\nStopping …");
      } finally {
        await server.close();
      }
    } finally {
      await stack.stop();
    }
  } finally {
    await lock.release();
  }
}

/** Listens from the start, so that an interrupt during startup stops whatever has started. */
function nextInterrupt(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, resolve);
  }
  return promise;
}

/** The function's variables; problems with them are reported now rather than at the first webhook. */
function functionEnv({ signingSecret, instanceId }: Variables): Record<string, string> {
  const env = {
    CLERK_WEBHOOK_SIGNING_SECRET: signingSecret,
    ...(instanceId === undefined ? {} : { CLERK_INSTANCE_ID: instanceId }),
  };
  const config = readConfig(
    new Map(Object.entries({
      SUPABASE_URL: "http://127.0.0.1",
      SUPABASE_SECRET_KEYS: '{"default":"unused"}',
      ...env,
    })),
  );
  if (config instanceof Misconfiguration) throw config;
  return env;
}

function availablePort(preferred: number): number {
  try {
    Deno.listen({ hostname: "127.0.0.1", port: preferred }).close();
    return preferred;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return freePort();
    throw error;
  }
}

function printStack(
  stack: Stack,
  webhookUrl: string,
  variables: Variables,
  consoleLink: string,
): void {
  const facts = {
    "Console": consoleLink,
    "Webhook URL": webhookUrl,
    "Signing secret": variables.signingSecret,
    "API URL": stack.apiUrl,
    "Publishable key": stack.keys.publishableKey,
    "Secret key": stack.keys.secretKey,
    "JWT secret": stack.keys.jwtSecret,
    "Database URL": stack.databaseUrl,
  };
  console.log(`\n${styleText(["bold", "cyan"], "The mirror is running on this machine")}\n`);
  for (const [name, value] of Object.entries(facts)) {
    console.log(`  ${styleText("dim", name.padEnd(16))}${value}`);
  }
  console.log(`
Generated values are kept in ${VARIABLES_FILE}. Next, in another terminal:

  ${commandLine("trigger user.created")}
  psql ${stack.databaseUrl} -c 'select id, email, synced_at from ${
    tableName(stack.naming, "profiles")
  }'

Ctrl-C stops everything; the data stays.
`);
}

/** As in SQL: in `public`, it needs no schema. */
function tableName({ schema, prefix }: Naming, table: string): string {
  return `${schema === "public" ? "" : `${schema}.`}${prefix}${table}`;
}
