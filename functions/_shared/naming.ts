import { Misconfiguration } from "./misconfiguration.ts";
import type { Env } from "./read_env.ts";

/** What the mirror's tables and functions are called: `profiles` is `<schema>.<prefix>profiles`. */
export interface Naming {
  /** The schema that the API exposes; `public` as a rule. */
  schema: string;
  /** Before each name; empty as a rule. */
  prefix: string;
}

/** JSON and no object: so that whoever writes the function into a project finds it, and puts in his own. */
export const NAMING_TEXT = '{"schema":"public","prefix":""}';

/** Plain names: nothing in them is ever quoted. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const PREFIX = /^(?:[a-z_][a-z0-9_]*)?$/;

/** The names that this code was written into a project with. */
export const installedNaming: Naming = JSON.parse(NAMING_TEXT);

/**
 * Reads what the mirror's tables are called: `CLERK_MIRROR_SCHEMA` and `CLERK_MIRROR_PREFIX`, else what
 * this code was installed with.
 *
 * @throws {Misconfiguration} if one of them is no plain name.
 */
export function readNaming(env: Env): Naming {
  const schema = env.get("CLERK_MIRROR_SCHEMA") || installedNaming.schema;
  const prefix = env.get("CLERK_MIRROR_PREFIX") ?? installedNaming.prefix;
  if (!isSchemaName(schema)) {
    throw new Misconfiguration("CLERK_MIRROR_SCHEMA", "The schema is not a plain lower-case name");
  }
  if (!isPrefix(prefix)) {
    throw new Misconfiguration("CLERK_MIRROR_PREFIX", "The prefix is not a plain lower-case name");
  }
  return { schema, prefix };
}

/** Whether two namings call everything alike. */
export function isSameNaming(one: Naming, other: Naming): boolean {
  return one.schema === other.schema && one.prefix === other.prefix;
}

export function isSchemaName(text: string): boolean {
  return SCHEMA.test(text);
}

export function isPrefix(text: string): boolean {
  return PREFIX.test(text);
}
