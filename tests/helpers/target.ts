import type { Naming } from "../../functions/_shared/naming.ts";
import type { ApiKeys } from "../../tools/development/stack/stack.ts";
import { testNaming } from "./naming.ts";

/** A running project with the mirror, to test against: the embedded stack, or `supabase start`. */
export interface Target {
  apiUrl: string;
  webhookUrl: string;
  databaseUrl: string;
  signingSecret: string;
  keys: ApiKeys;
  /** What the mirror is called there. */
  naming: Naming;
}

const VARIABLES = {
  apiUrl: "TEST_API_URL",
  databaseUrl: "TEST_DATABASE_URL",
  publishableKey: "TEST_PUBLISHABLE_KEY",
  secretKey: "TEST_SECRET_KEY",
  jwtSecret: "TEST_JWT_SECRET",
  signingSecret: "TEST_SIGNING_SECRET",
  schema: "TEST_SCHEMA",
  prefix: "TEST_PREFIX",
} as const;

/** The environment that hands a target to the tests. */
export function targetToEnv(target: Target): Record<string, string> {
  return {
    [VARIABLES.apiUrl]: target.apiUrl,
    [VARIABLES.databaseUrl]: target.databaseUrl,
    [VARIABLES.publishableKey]: target.keys.publishableKey,
    [VARIABLES.secretKey]: target.keys.secretKey,
    [VARIABLES.jwtSecret]: target.keys.jwtSecret,
    [VARIABLES.signingSecret]: target.signingSecret,
    [VARIABLES.schema]: target.naming.schema,
    [VARIABLES.prefix]: target.naming.prefix,
  };
}

/**
 * The target that the environment names, if it names one.
 *
 * @throws {Error} if it names only a part of one.
 */
export function targetFromEnv(): Target | undefined {
  if (!Deno.env.get(VARIABLES.apiUrl)) return undefined;
  const apiUrl = read("apiUrl");
  return {
    apiUrl,
    webhookUrl: `${apiUrl}/functions/v1/clerk-webhook`,
    databaseUrl: read("databaseUrl"),
    signingSecret: read("signingSecret"),
    keys: {
      publishableKey: read("publishableKey"),
      secretKey: read("secretKey"),
      jwtSecret: read("jwtSecret"),
    },
    naming: testNaming,
  };
}

function read(name: keyof typeof VARIABLES): string {
  const variable = VARIABLES[name];
  const value = Deno.env.get(variable);
  if (!value) throw new Error(`"${variable}" is not set, although other "TEST_…" variables are`);
  return value;
}
