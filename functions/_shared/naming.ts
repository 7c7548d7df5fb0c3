import { Misconfiguration } from "./misconfiguration.ts";
import type { Env } from "./read_env.ts";

/** What the mirror's tables and functions are called: `profiles` is `<schema>.<prefix>profiles`. */
export interface Naming {
  /** The schema that the API exposes; usually `public`. */
  schema: string;
  /** The prefix of each name; usually empty. */
  prefix: string;
}

/** JSON rather than an object, so that the installer can find it in the function and replace it. */
export const NAMING_TEXT = '{"schema":"public","prefix":""}';

/** Plain names: they never need quoting. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const PREFIX = /^(?:[a-z_][a-z0-9_]*)?$/;

/** The names under which this code was installed in a project. */
export const installedNaming: Naming = JSON.parse(NAMING_TEXT);

/**
 * Reads what the mirror's tables are called: `CLERK_MIRROR_SCHEMA` and `CLERK_MIRROR_PREFIX`, else the names
 * this code was installed with.
 *
 * @throws {Misconfiguration} if one of them isn't a plain name.
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

/** Whether two namings are the same. */
export function isSameNaming(one: Naming, other: Naming): boolean {
  return one.schema === other.schema && one.prefix === other.prefix;
}

export function isSchemaName(text: string): boolean {
  return SCHEMA.test(text);
}

export function isPrefix(text: string): boolean {
  return PREFIX.test(text);
}
