import type { ManagementApi } from "./management_api.ts";
import { EXPOSED_SCHEMA_STEP, recordSteps } from "./step_records.ts";
import type { Step } from "./steps.ts";

/** Whether a schema is among those that the API exposes. */
export function isExposed(schemas: string, schema: string): boolean {
  return schemas.split(",").some((name) => name.trim() === schema);
}

/** Appends a schema to the existing ones. */
export function addSchema(schemas: string, schema: string): string {
  if (schemas.trim() === "") return schema;
  return `${schemas}${/,\S/.test(schemas) ? "," : ", "}${schema}`;
}

/** Removes a schema, and leaves the others as they are. */
export function removeSchema(schemas: string, schema: string): string {
  return schemas.split(",").filter((name) => name.trim() !== schema).join(",").trimStart();
}

/**
 * The step that exposes the chosen schema; undefined for "public".
 *
 * @throws {Error} if "public" is closed, which must be intentional: it may hold more than the mirror.
 */
export function exposedSchemaStep(
  api: ManagementApi,
  schema: string,
  exposed: string,
): Step | undefined {
  const isDone = isExposed(exposed, schema);
  if (schema === "public") {
    if (isDone) return undefined;
    throw new Error(
      "The project's API doesn't expose the schema \"public\", and the mirror needs one that it exposes. " +
        'Choose another with "--schema clerk": the installation exposes it. Nothing was changed',
    );
  }
  return {
    name: "exposed schema",
    title: `Schema "${schema}" exposed by the API, after ${exposed || "none"}`,
    isDone,
    async run() {
      await recordSteps(api, [EXPOSED_SCHEMA_STEP, { schema }]);
      await api.writeExposedSchemas(addSchema(await api.readExposedSchemas(), schema));
    },
  };
}
