import { readSupabaseEnv } from "../../../functions/_shared/supabase_env.ts";
import { readList } from "../../../functions/_shared/read_env.ts";
import { runningStack } from "../../development/dev/folder.ts";
import { projectEnv } from "../../development/dev/project_env.ts";
import { readSigningSecret } from "../../development/dev/variables.ts";
import type { StatusOptions } from "./take_status.ts";

/** What was given on the command line; it takes precedence over the environment. */
export interface GivenEnv {
  url?: string | undefined;
  key?: string | undefined;
  functionUrl?: string | undefined;
  secret?: string | undefined;
}

/**
 * Whose status to take: what is given, then the environment, then `.env`. If no project is named, it is the
 * running `deno task dev`, and its secret is known too.
 *
 * @throws {Misconfiguration} if no project or no key is known.
 */
export async function readStatusEnv(given: GivenEnv): Promise<StatusOptions> {
  const env = await projectEnv();
  const isNamed = given.url !== undefined || !!env.get("SUPABASE_URL") && !await isRunning(env);
  const project = readSupabaseEnv({
    get(name) {
      if (name === "SUPABASE_URL" && given.url !== undefined) return given.url;
      if (name === "SUPABASE_SECRET_KEYS") return secretKeys(env, given.key);
      return env.get(name);
    },
  });
  const functionUrl = given.functionUrl ??
    `${project.supabaseUrl.replace(/\/+$/, "")}/functions/v1/clerk-webhook`;
  return {
    project,
    probe: { functionUrl, signingSecrets: await signingSecrets(env, given.secret, isNamed) },
  };
}

type Env = Awaited<ReturnType<typeof projectEnv>>;

async function isRunning(env: Env): Promise<boolean> {
  return (await runningStack())?.apiUrl === env.get("SUPABASE_URL");
}

/** Some commands take a single key, `SUPABASE_SECRET_KEY`. */
function secretKeys(env: Env, key: string | undefined): string | undefined {
  const single = key ??
    (env.get("SUPABASE_SECRET_KEYS") || env.get("SUPABASE_SERVICE_ROLE_KEY")
      ? undefined
      : env.get("SUPABASE_SECRET_KEY"));
  return single === undefined
    ? env.get("SUPABASE_SECRET_KEYS")
    : JSON.stringify({ default: single });
}

/** The secret that `deno task dev` keeps belongs to its own function only. */
async function signingSecrets(
  env: Env,
  secret: string | undefined,
  isNamed: boolean,
): Promise<string[]> {
  const variable = env.get("CLERK_WEBHOOK_SIGNING_SECRET")
    ? "CLERK_WEBHOOK_SIGNING_SECRET"
    : "CLERK_WEBHOOK_SECRET";
  const known = secret === undefined
    ? readList(env, variable)
    : readList({ get: () => secret }, "--secret");
  if (known.length > 0 || isNamed) return known;
  const kept = await readSigningSecret();
  return kept === undefined ? [] : [kept];
}
