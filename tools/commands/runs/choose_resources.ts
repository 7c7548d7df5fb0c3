import { choose } from "../cli/choose.ts";
import { type Resource, resources } from "../../../functions/_shared/clerk/resources.ts";

const names = resources.map(({ name }) => name);

/** All names, as a usage text lists them. */
export const RESOURCE_NAMES = names.join(", ");

/**
 * The resources that `--only` names, in dependency order; all without it.
 *
 * @param only Names, separated by commas.
 * @throws {Error} if one isn't known.
 */
export function chooseResources(only = RESOURCE_NAMES): Resource[] {
  const chosen = only.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (chosen.length === 0) {
    throw new Error(`"--only ${only}" names no resource. There are: ${RESOURCE_NAMES}`);
  }
  for (const name of chosen) choose(name, names, "resource");
  return resources.filter(({ name }) => chosen.includes(name));
}
