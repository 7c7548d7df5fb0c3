import { isSameNaming, type Naming } from "../../../functions/_shared/naming.ts";
import { checkNaming } from "../sql/check_naming.ts";

/** The requested names; whatever is left out stays as it is, or as in the repository. */
export interface NamingOptions {
  schema?: string | undefined;
  prefix?: string | undefined;
}

/**
 * What the mirror should be called in a project: once installed, its names stay.
 *
 * @throws {Error} if the request differs from what is installed, or isn't a valid name.
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

/** `"clerk.profiles"`: a name under a naming. */
export function nameOf({ schema, prefix }: Naming, name = "profiles"): string {
  return `"${schema}.${prefix}${name}"`;
}
