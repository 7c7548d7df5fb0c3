import { isSameNaming, type Naming } from "../../functions/_shared/naming.ts";
import type { StackOptions } from "../../tools/development/stack/stack.ts";
import { testNaming } from "./naming.ts";

const VARIABLE = "TEST_TEMPLATE";

/** The environment that hands the run's template to the tests. */
export function templateToEnv(template: string): Record<string, string> {
  return { [VARIABLE]: template };
}

/** Has a stack begin with a copy of the run's template, if there is one and it is set up in the same way. */
export function withTemplate(options: StackOptions & { naming: Naming }): StackOptions {
  const { naming, isExposedByDefault, home, installation, fill } = options;
  const template = Deno.env.get(VARIABLE);
  const isSame = isSameNaming(naming, testNaming) && !isExposedByDefault &&
    [home, installation, fill].every((option) => option === undefined);
  return template && isSame ? { template, ...options } : options;
}
