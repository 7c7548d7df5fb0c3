import { type Naming, NAMING_TEXT } from "../../../functions/_shared/naming.ts";

/** Bundles aren't meant to be linted or formatted: a formatter's changes would look like an edit. */
const LEAVE_ALONE = `// deno-fmt-ignore-file
// deno-lint-ignore-file
/* eslint-disable */
`;

/**
 * Puts a project's names into the code of a function.
 *
 * @param code As in the package: with the repository's names.
 * @throws {Error} if the code doesn't contain them exactly once.
 */
export function renderFunction(code: string, { schema, prefix }: Naming): string {
  const parts = code.split(NAMING_TEXT);
  if (parts.length !== 2) {
    throw new Error(
      `The function's code contains its names ${
        parts.length - 1
      } times instead of once: this package is damaged`,
    );
  }
  return LEAVE_ALONE + parts.join(JSON.stringify({ schema, prefix }));
}
