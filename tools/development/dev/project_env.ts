import type { Env } from "../../../functions/_shared/read_env.ts";
import { runningStack } from "./folder.ts";
import { readProjectNaming } from "./project_naming.ts";
import { readConfigured, readSecretKey } from "./variables.ts";

/**
 * What a command works with: variables of the environment, then those of `.env`. Where no project is
 * named, the running `deno task dev` is meant. What the mirror is called comes from them too, else from the
 * project's lock file.
 */
export async function projectEnv(): Promise<Env> {
  const configured = await readConfigured();
  const stack = configured("SUPABASE_URL") ? undefined : await runningStack();
  const key = stack ? await readSecretKey() : undefined;
  const { schema, prefix } = stack?.naming ?? await readProjectNaming();
  return {
    get(name) {
      if (stack && name === "SUPABASE_URL") return stack.apiUrl;
      if (key && name === "SUPABASE_SECRET_KEYS") return JSON.stringify({ default: key });
      if (name === "CLERK_MIRROR_SCHEMA") return schema;
      if (name === "CLERK_MIRROR_PREFIX") return prefix;
      return configured(name);
    },
  };
}
