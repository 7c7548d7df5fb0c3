import * as z from "zod/mini";
import { Inapplicable } from "./errors.ts";

/**
 * Parses after which a schema is compiled: it takes milliseconds, which a fresh isolate can't spare, and
 * saves half of each parse from then on.
 */
export const COMPILED_AFTER = 1_000;

/**
 * Creates a parser for external data. Its results don't depend on whether it is compiled.
 *
 * @param name What messages call the data.
 * @returns A function that throws {@link Inapplicable}, whose message names the fields and what is wrong,
 * never a value.
 */
export function createParser<Schema extends z.ZodMiniType>(
  schema: Schema,
  name: string,
): (value: unknown) => z.output<Schema> {
  let parsing = schema;
  let uses = 0;
  return (value) => {
    if (++uses === COMPILED_AFTER) parsing = z.compile(schema);
    const result = parsing.safeParse(value);
    if (result.success) return result.data;
    const problems = result.error.issues.map((issue) =>
      `"${[name, ...issue.path].join(".")}" is invalid (${issue.code})`
    );
    throw new Inapplicable(`The event does not have the expected form: ${problems.join(", ")}`);
  };
}
