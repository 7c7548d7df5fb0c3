import { isSameNaming, type Naming } from "../../../functions/_shared/naming.ts";
import { checkNaming } from "../sql/check_naming.ts";

/** What was asked for; what is left out is as it is, or as in the repository. */
export interface NamingOptions {
  schema?: string | undefined;
  prefix?: string | undefined;
}

/**
 * What the mirror is to be called in a project: as it is installed, which stays.
 *
 * @throws {Error} if something else is asked for than is there, or what can be no name.
 */
export function chooseNaming(
  { schema, prefix }: NamingOptions,
  installed: Naming | undefined,
): Naming {
  const naming = {
    schema: schema ?? installed?.schema ?? "public",
    prefix: prefix ?? installed?.prefix ?? "",
  };
  checkNaming(naming);
  if (installed !== undefined && !isSameNaming(naming, installed)) {
    throw new Error(
      `The mirror is installed in this project as ${nameOf(installed)}, and can't become ` +
        `${nameOf(naming)}. Leave out "--schema" and "--prefix", or uninstall it first`,
    );
  }
  return naming;
}

/** `"clerk.profiles"`: what a naming makes of a name. */
export function nameOf({ schema, prefix }: Naming, name = "profiles"): string {
  return `"${schema}.${prefix}${name}"`;
}
