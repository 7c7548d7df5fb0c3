import type { Env } from "../../../functions/_shared/read_env.ts";
import { runningStack } from "./folder.ts";
import { readProjectNaming } from "./project_naming.ts";
import { readConfigured, readSecretKey } from "./variables.ts";

/**
 * What a command works with: environment variables, then those in `.env`. If no project is named, it is the
 * running `deno task dev`. The mirror's names come from there too, else from the project's lock file.
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
