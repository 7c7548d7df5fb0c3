import { isPrefix, isSchemaName, type Naming } from "../../functions/_shared/naming.ts";

export function checkNaming({ schema, prefix }: Naming): void {
  if (!isSchemaName(schema)) throw new Error(`"--schema ${schema}" is not a plain lower-case name`);
  if (!isPrefix(prefix)) throw new Error(`"--prefix ${prefix}" is not a plain lower-case name`);
}
