import { Misconfiguration } from "./misconfiguration.ts";

/** Where variables are read from: `Deno.env`, or a map in its place. */
export type Env = Pick<typeof Deno.env, "get">;

/** The items of a variable, separated by spaces or commas; none if it isn't set. */
export function readList(env: Env, variable: string): string[] {
  return (env.get(variable) ?? "").split(/[\s,]+/).filter((item) => item !== "");
}

/** Whether a variable holds an HTTP URL. */
export function isHttpAddress(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

/**
 * Reads a configuration without throwing: a misconfigured function still starts, answers 500, and logs which
 * variable is wrong.
 */
export function readOrComplain<Config>(read: () => Config): Config | Misconfiguration {
  try {
    return read();
  } catch (error) {
    if (error instanceof Misconfiguration) return error;
    throw error;
  }
}
