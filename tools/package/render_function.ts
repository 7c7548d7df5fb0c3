import { type Naming, NAMING_TEXT } from "../../functions/_shared/naming.ts";

/** Puts a project's names into a function's code. */
export function renderFunction(code: string, { schema, prefix }: Naming): string {
  const parts = code.split(NAMING_TEXT);
  if (parts.length !== 2) {
    throw new Error("The function's code doesn't hold the mirror's names exactly once");
  }
  return parts.join(JSON.stringify({ schema, prefix }));
}
