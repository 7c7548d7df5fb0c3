/** What Supabase publishes of its Management API, and what requests and answers are checked against. */
import { Ajv, type ValidateFunction } from "ajv";
import { isRecord } from "../../functions/clerk-webhook/json.ts";

const PUBLISHED = new URL("../../../shared/supabase-management-openapi.json", import.meta.url);
const FIXTURE = new URL("../fixtures/management_api.json", import.meta.url);

/** The published description, where this machine has it. */
export async function readDescription(): Promise<Record<string, unknown> | undefined> {
  const text = await Deno.readTextFile(PUBLISHED).catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** The part of it that the repository keeps. */
export async function readFixture(): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(FIXTURE));
}

export async function writeFixture(description: Record<string, unknown>): Promise<void> {
  await Deno.writeTextFile(FIXTURE, `${JSON.stringify(description, null, 2)}\n`);
}

/** A request as it is checked. */
export interface DescribedRequest {
  method: string;
  url: URL;
  contentType: string | null;
  /** Parsed; of a form, its parts by name. */
  body: unknown;
}

/** Says what is wrong with requests and answers. */
export interface DescriptionChecker {
  /** Complaints; undefined for the operation where the description has none of that path and method. */
  checkRequest(request: DescribedRequest): { operation: string | undefined; complaints: string[] };
  checkAnswer(operation: string, status: number, body: unknown): string[];
}

interface Operation {
  id: string;
  method: string;
  pattern: RegExp;
  names: string[];
  definition: Record<string, unknown>;
}

/** Makes the check out of the published description, or of the part that the repository keeps. */
export async function createDescriptionChecker(): Promise<DescriptionChecker> {
  const description = allowAnything(await readDescription() ?? await readFixture());
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    validateFormats: false,
    coerceTypes: false,
  });
  const lenient = new Ajv({ strict: false, validateFormats: false, coerceTypes: "array" });
  for (const one of [ajv, lenient]) one.addSchema(description, "api");
  const operations = readOperations(description);
  const compiled = new Map<string, ValidateFunction>();

  const validate = (instance: Ajv, schema: unknown, value: unknown, what: string): string[] => {
    const text = JSON.stringify(schema).replaceAll('"#/', '"api#/');
    const key = `${instance === ajv}${text}`;
    const check = compiled.get(key) ?? instance.compile(JSON.parse(text));
    compiled.set(key, check);
    return check(value) ? [] : [`${what}: ${instance.errorsText(check.errors)}`];
  };

  return {
    checkRequest({ method, url, contentType, body }) {
      const operation = operations.find((one) =>
        one.method === method && one.pattern.test(url.pathname)
      );
      if (operation === undefined) {
        return { operation: undefined, complaints: [`There is no ${method} ${url.pathname}`] };
      }
      const inPath = operation.pattern.exec(url.pathname)?.slice(1) ?? [];
      const complaints = parametersOf(operation.definition).flatMap(
        ({ name, where, schema, isRequired }) => {
          const value = where === "path"
            ? inPath[operation.names.indexOf(name)]
            : queryValue(url.searchParams, name, schema);
          if (value === undefined) return isRequired ? [`"${name}" is missing`] : [];
          return validate(lenient, wrap(schema), { value }, name);
        },
      );
      const known = parametersOf(operation.definition).map(({ name }) => name);
      for (const name of url.searchParams.keys()) {
        if (!known.includes(name)) complaints.push(`"${name}" is no parameter`);
      }
      const { requestBody } = operation.definition;
      if (!isRecord(requestBody) || !isRecord(requestBody.content)) {
        if (body !== undefined) complaints.push("There is a body");
        return { operation: operation.id, complaints };
      }
      const content = Object.entries(requestBody.content)
        .find(([type]) => contentType?.startsWith(type))?.[1];
      if (!isRecord(content)) complaints.push(`The content type is "${contentType}"`);
      else complaints.push(...validate(ajv, content.schema, body, "body"));
      return { operation: operation.id, complaints };
    },
    checkAnswer(id, status, body) {
      const definition = operations.find((one) => one.id === id)?.definition;
      const responses = isRecord(definition?.responses) ? definition.responses : {};
      const response = responses[String(status)];
      if (!isRecord(response)) return [`${id} has no answer ${status}`];
      const content = isRecord(response.content) ? response.content["application/json"] : undefined;
      return isRecord(content) ? validate(ajv, content.schema, body, `answer of ${id}`) : [];
    },
  };
}

/** OpenAPI 3.0 says `nullable` of what has no type, which the validator doesn't take. */
function allowAnything(description: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(description, (_name, value) => {
      if (!isRecord(value) || !("nullable" in value) || "type" in value) return value;
      const { nullable: _nullable, ...rest } = value;
      return rest;
    }),
  );
}

/** Parameters are text: an object around them lets them be read as what they stand for. */
function wrap(schema: unknown): Record<string, unknown> {
  return { type: "object", properties: { value: schema } };
}

function queryValue(query: URLSearchParams, name: string, schema: unknown): unknown {
  const values = query.getAll(name);
  if (values.length === 0) return undefined;
  return isRecord(schema) && schema.type === "array" ? values : values[0];
}

function readOperations({ paths }: Record<string, unknown>): Operation[] {
  if (!isRecord(paths)) throw new Error("The description has no paths");
  return Object.entries(paths).flatMap(([path, item]) => {
    const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
    // The longest path counts: "/functions/deploy" is no function.
    const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`);
    return Object.entries(isRecord(item) ? item : {}).flatMap(([method, definition]) =>
      isRecord(definition) && "responses" in definition
        ? [{ id: `${method} ${path}`, method: method.toUpperCase(), pattern, names, definition }]
        : []
    );
  }).sort((left, right) => left.names.length - right.names.length);
}

function parametersOf(definition: Record<string, unknown>) {
  const parameters = Array.isArray(definition.parameters) ? definition.parameters : [];
  return parameters.filter(isRecord).map((parameter) => ({
    name: String(parameter.name),
    where: String(parameter.in),
    schema: parameter.schema,
    isRequired: parameter.required === true,
  }));
}
