import { FIELD_KINDS, type Noun, wordsOf } from "./noun.ts";

/** The mapping of a noun: its schema, its row, its events. */
export function renderNounMapping(noun: Noun): string {
  const { table, event, owner, columns } = noun;
  const { singular, type, variable, last, argument, plain, ownerColumn } = wordsOf(noun);
  const kinds = new Set([
    "deletedObject",
    "id",
    "time",
    ...columns.map(({ type }) => FIELD_KINDS[type].field),
  ]);
  const fields = [
    "id,",
    ...(ownerColumn === undefined ? [] : [`${ownerColumn}: id,`]),
    ...columns.map(({ name, type }) => `${name}: ${FIELD_KINDS[type].field},`),
    "created_at: time,",
    "updated_at: time,",
  ];
  const names = fields.map((field) => field.replace(/[,:].*/, ""));
  const parents = owner === undefined ? "" : `\n    ${owner}: [{ id: ${last}.${ownerColumn} }],`;
  return `import * as z from "zod/mini";
import { ${[...kinds].sort().join(", ")} } from "../fields.ts";
import { defineMapping, type Row } from "../mapping.ts";

/** One of the ${plain}, as events carry it. */
export const ${variable}Schema = z.object({
${fields.map((field) => `  ${field}`).join("\n")}
});

/** Its row. */
export function to${type}(
  ${last}: z.output<typeof ${variable}Schema>,
): Row<"${table}"> {
  return {
${names.map((name) => `    ${name}: ${last}.${name},`).join("\n")}
  };
}

const upsert = defineMapping(${variable}Schema, (${last}, { webhook }) => ({
  rpc: "upsert_${table}",
  args: {
    ${argument}: [to${type}(${last})],${parents}
    webhook,
  },
}));

export const ${variable}Mappings = {
  "${event}.created": upsert,
  "${event}.updated": upsert,
  "${event}.deleted": defineMapping(deletedObject, (${last}, { webhook }) => ({
    rpc: "delete_${singular}",
    args: { ${last}_id: ${last}.id, webhook },
  })),
};
`;
}
