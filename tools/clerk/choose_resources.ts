import { type Resource, resources } from "./resources.ts";

/**
 * The resources that `--only` names, in dependency order; all without it.
 *
 * @param only Names, separated by commas.
 * @throws {Error} if one is not known.
 */
export function chooseResources(only: string | undefined): Resource[] {
  if (only === undefined) return [...resources];
  const names = only.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const known = resources.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw new Error(`"--only ${only}" names no resource; there are: ${known.join(", ")}`);
  }
  return resources.filter(({ name }) => names.includes(name));
}
