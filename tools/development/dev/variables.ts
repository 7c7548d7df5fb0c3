import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { parseEnv } from "node:util";
import { newSigningSecret } from "../events/signed_request.ts";
import type { ApiKeys } from "../stack/stack.ts";
import { homeFolder } from "../../commands/cli/home.ts";
import { VARIABLES_FILE } from "./folder.ts";

/** The configuration of the development stack. */
export interface Variables {
  /** One secret or several, as the function reads them. */
  signingSecret: string;
  instanceId?: string;
  keys: ApiKeys;
  /** The configuration of the side effects. */
  effects: Record<string, string>;
  /** The configuration of the function that reads its caller from Clerk. */
  refresh: Record<string, string>;
}

/** The variables that configure the side effects. */
export const EFFECT_VARIABLES = [
  "RESEND_API_KEY",
  "RESEND_BASE_URL",
  "WELCOME_EMAIL_FROM",
  "WELCOME_EMAIL_SUBJECT",
  "WELCOME_EMAIL_TEXT",
  "WELCOME_EMAIL_HTML",
  "CLEAN_UP_BUCKETS",
  "EFFECT_TYPES",
];

/** The variables that let functions read Clerk. */
export const REFRESH_VARIABLES = ["CLERK_SECRET_KEY", "CLERK_API_URL"];

/** How each variable that isn't set anywhere is generated. */
const GENERATORS = {
  CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret,
  SUPABASE_PUBLISHABLE_KEY: () => `sb_publishable_${randomText(22)}`,
  SUPABASE_SECRET_KEY: () => `sb_secret_${randomText(31)}`,
  SUPABASE_JWT_SECRET: () => randomText(48),
};

/**
 * Reads the variables of the development stack: those of the environment first, then those in `.env`; what is
 * in neither is generated once and kept.
 */
export async function readVariables(): Promise<Variables> {
  const configured = await readConfigured();
  const kept = await readEnvFile(VARIABLES_FILE);
  const generated: Record<string, string> = {};
  const read = (name: keyof typeof GENERATORS) =>
    configured(name) ?? (generated[name] = kept[name] ?? GENERATORS[name]());

  const instanceId = configured("CLERK_INSTANCE_ID");
  const variables = {
    signingSecret: configured("CLERK_WEBHOOK_SIGNING_SECRET") ??
      configured("CLERK_WEBHOOK_SECRET") ?? read("CLERK_WEBHOOK_SIGNING_SECRET"),
    ...(instanceId === undefined ? {} : { instanceId }),
    keys: {
      publishableKey: read("SUPABASE_PUBLISHABLE_KEY"),
      secretKey: read("SUPABASE_SECRET_KEY"),
      jwtSecret: read("SUPABASE_JWT_SECRET"),
    },
    effects: pick(configured, EFFECT_VARIABLES),
    refresh: pick(configured, REFRESH_VARIABLES),
  };
  await keep({ ...kept, ...generated });
  return variables;
}

/** Those of the variables that are set. */
function pick(
  configured: (name: string) => string | undefined,
  names: string[],
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = configured(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The signing secret to send events with; undefined if none is known yet. */
export async function readSigningSecret(): Promise<string | undefined> {
  const configured = await readConfigured();
  const kept = await readEnvFile(VARIABLES_FILE);
  const secrets = configured("CLERK_WEBHOOK_SIGNING_SECRET") ??
    configured("CLERK_WEBHOOK_SECRET") ??
    kept.CLERK_WEBHOOK_SIGNING_SECRET;
  return secrets?.split(/[\s,]+/).find((secret) => secret !== "");
}

/** The secret key of the development stack; undefined if none is known yet. */
export async function readSecretKey(): Promise<string | undefined> {
  return (await readConfigured())("SUPABASE_SECRET_KEY") ??
    (await readEnvFile(VARIABLES_FILE)).SUPABASE_SECRET_KEY;
}

/** Environment variables first, then those in `.env`. */
export async function readConfigured(): Promise<(name: string) => string | undefined> {
  const file = await readEnvFile(resolve(homeFolder(), process.env.MIRROR_ENV_FILE || ".env"));
  return (name) => process.env[name] || file[name] || undefined;
}

async function readEnvFile(path: string): Promise<Record<string, string | undefined>> {
  try {
    return { ...parseEnv(await readFile(path, "utf8")) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}

async function keep(variables: Record<string, string | undefined>): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(VARIABLES_FILE, lines.join(""), { mode: 0o600 });
}

function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return [...bytes].map((byte) => (byte % 36).toString(36)).join("");
}
