/**
 * Cuts the published description of Supabase's Management API down to what an installer asks of it, and
 * keeps that in `tests/fixtures/management_api.json`: deno run -A tests/helpers/cut_management_api.ts
 */
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { readDescription, writeFixture } from "./management_description.ts";

/** Those that are asked; and the one that is for partners of Supabase alone, which is not to be asked. */
const OPERATIONS: Record<string, string[]> = {
  "/v1/projects/{ref}": ["get"],
  "/v1/projects/{ref}/health": ["get"],
  "/v1/projects/{ref}/api-keys": ["get"],
  "/v1/projects/{ref}/postgrest": ["get", "patch"],
  "/v1/projects/{ref}/secrets": ["get", "post", "delete"],
  "/v1/projects/{ref}/config/auth/third-party-auth": ["get", "post"],
  "/v1/projects/{ref}/config/auth/third-party-auth/{tpa_id}": ["delete"],
  "/v1/projects/{ref}/database/query": ["post"],
  "/v1/projects/{ref}/database/migrations": ["post"],
  "/v1/projects/{ref}/functions": ["get"],
  "/v1/projects/{ref}/functions/deploy": ["post"],
  "/v1/projects/{ref}/functions/{function_slug}": ["get", "delete"],
};

/** The part of the description that an installer needs. */
export function cut(description: Record<string, unknown>): Record<string, unknown> {
  const { paths, components } = description;
  if (!isRecord(paths) || !isRecord(components) || !isRecord(components.schemas)) {
    throw new Error("This is not a description of an API");
  }
  const kept = Object.fromEntries(
    Object.entries(OPERATIONS).map(([path, methods]) => {
      const item = paths[path];
      if (!isRecord(item)) throw new Error(`There is no path "${path}"`);
      return [path, Object.fromEntries(methods.map((method) => [method, trim(item[method])]))];
    }),
  );
  const schemas: Record<string, unknown> = {};
  const collect = (value: unknown) => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || name in schemas) continue;
      const schema = isRecord(components.schemas) ? components.schemas[name] : undefined;
      schemas[name] = schema;
      collect(schema);
    }
  };
  collect(kept);
  return { info: description.info, paths: kept, components: { schemas } };
}

function trim(operation: unknown): Record<string, unknown> {
  if (!isRecord(operation)) throw new Error("There is no such operation");
  const { operationId, description, parameters, requestBody, responses } = operation;
  return JSON.parse(
    JSON.stringify({ operationId, description, parameters, requestBody, responses }),
  );
}

if (import.meta.main) {
  const description = await readDescription();
  if (description === undefined) throw new Error("There is no description to cut down");
  await writeFixture(cut(description));
}
