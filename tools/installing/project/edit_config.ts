/** Edits a project's configuration so that nothing else in it changes, and verifies that. */
import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { type ConfigFormat, functionSettings, lineEnd } from "./config_format.ts";
import { jsonConfig } from "./json_config.ts";
import type { SupabaseProject } from "./supabase_project.ts";
import { tomlConfig } from "./toml_config.ts";

/** What the API exposes if the configuration doesn't say, as in the Supabase CLI. */
const DEFAULT_SCHEMAS = ["public", "graphql_public"];

/** Whole lines that replaced others. */
export interface ConfigHunk {
  /** The first of them, from 1. */
  line: number;
  before: string;
  after: string;
}

/** What the mirror has in a configuration. */
export interface ConfigParts {
  /** Functions that have a section. */
  functions: string[];
  /** A schema that the API exposes; none for `public`. */
  schema?: string | undefined;
}

/** A configuration, edited. */
export interface EditedConfig {
  text: string;
  hunks: ConfigHunk[];
}

/** The format of the project's configuration. */
export function configFormat({ configName }: SupabaseProject): ConfigFormat {
  return configName === "config.toml" ? tomlConfig : jsonConfig;
}

/** Functions with these names that already have a section, and whether it says what the mirror's would. */
export function findSections(
  format: ConfigFormat,
  text: string,
  names: string[],
): { name: string; isOurs: boolean }[] {
  const { functions } = format.parse(text);
  if (!isRecord(functions)) return [];
  return names.filter((name) => functions[name] !== undefined).map((name) => ({
    name,
    isOurs: isSame(functions[name], functionSettings(name)),
  }));
}

/** Whether the API exposes a schema. */
export function isExposed(format: ConfigFormat, text: string, schema: string): boolean {
  return exposedSchemas(format.parse(text)).includes(schema);
}

/**
 * Adds what isn't there yet.
 *
 * @throws {Error} with a sentence, if it can't be done without changing something else.
 */
export function addToConfig(format: ConfigFormat, text: string, parts: ConfigParts): EditedConfig {
  const present = new Set(findSections(format, text, parts.functions).map(({ name }) => name));
  const missing = parts.functions.filter((name) => !present.has(name));
  return applySteps(format, text, [exposing(format, parts.schema), {
    isNeeded: () => missing.length > 0,
    edit: (before) => format.addFunctions(before, missing),
    expect(config) {
      const added = missing.map((name) => [name, functionSettings(name)]);
      config.functions = { ...asRecord(config.functions), ...Object.fromEntries(added) };
    },
    remedy: () => format.addFunctions("", missing).trim(),
  }]);
}

/** One change of a configuration, with its expected result. */
interface Step {
  isNeeded(config: Record<string, unknown>): boolean;
  edit(text: string): string;
  expect(config: Record<string, unknown>): void;
  /** Lines for doing it by hand. */
  remedy(): string;
}

function exposing(format: ConfigFormat, schema: string | undefined): Step {
  const withSchema = (config: Record<string, unknown>) =>
    schema === undefined ? [] : [...exposedSchemas(config), schema];
  return {
    isNeeded: (config) => schema !== undefined && !exposedSchemas(config).includes(schema),
    edit: (text) => format.setSchemas(text, withSchema(format.parse(text))),
    expect(config) {
      config.api = { ...asRecord(config.api), schemas: withSchema(config) };
    },
    remedy: () => `[api]: schemas with "${schema}" among them`,
  };
}

function applySteps(format: ConfigFormat, text: string, steps: Step[]): EditedConfig {
  return steps.reduce<EditedConfig>((done, step) => {
    if (!step.isNeeded(format.parse(done.text))) return done;
    const expected = plain(format.parse(done.text));
    step.expect(expected);
    const edited = tryTo(() => step.edit(done.text));
    const hunk = edited === undefined ? undefined : hunkOf(done.text, edited);
    const isRight = edited !== undefined && hunk !== undefined && keepsComments(hunk) &&
      isSame(tryTo(() => format.parse(edited)), expected);
    if (isRight) return { text: edited, hunks: [...done.hunks, hunk] };
    throw new Error(
      `The configuration can't be changed without touching your own lines. Add this to it, then run this again:\n\n${step.remedy()}`,
    );
  }, { text, hunks: [] });
}

/**
 * Removes the mirror's parts: the lines that it had added if they are unchanged, otherwise the sections and
 * the schema themselves.
 *
 * @param hunks As returned by `addToConfig()`.
 * @throws {Error} with a sentence, if it can't be done without changing something else.
 */
export function removeFromConfig(
  format: ConfigFormat,
  text: string,
  parts: ConfigParts,
  hunks: Pick<ConfigHunk, "before" | "after">[],
): EditedConfig {
  const steps: ((text: string) => string)[] = [
    ...[...hunks].reverse().map((hunk) => (text: string) => revert(text, hunk)),
    ...parts.functions.map((name) => (text: string) =>
      findSections(format, text, [name]).length > 0 ? format.removeFunctions(text, [name]) : text
    ),
    (text) => hide(format, text, parts.schema),
  ];
  const done = steps.reduce<EditedConfig>((done, step) => {
    const edited = step(done.text);
    if (edited === done.text) return done;
    return { text: edited, hunks: [...done.hunks, hunkOf(done.text, edited)] };
  }, { text, hunks: [] });
  const { text: edited } = done;
  const isGone = findSections(format, edited, parts.functions).length === 0;
  if (!isGone || !isSame(rest(format, edited, parts), rest(format, text, parts))) {
    throw new Error(
      `The configuration can't be changed without touching your own lines. Remove this from it, then run this ` +
        `again: the sections of ${parts.functions.join(", ")}` +
        (parts.schema === undefined ? "" : `, and "${parts.schema}" of the API's schemas`),
    );
  }
  return done;
}

function hide(format: ConfigFormat, text: string, schema: string | undefined): string {
  const schemas = exposedSchemas(format.parse(text));
  if (schema === undefined || !schemas.includes(schema)) return text;
  return format.setSchemas(text, schemas.filter((other) => other !== schema));
}

/** All of a configuration except the mirror's parts. */
function rest(format: ConfigFormat, text: string, { functions, schema }: ConfigParts): unknown {
  const config = plain(format.parse(text));
  const others = Object.entries(asRecord(config.functions)).filter(([name]) =>
    !functions.includes(name)
  );
  const schemas = exposedSchemas(config).filter((other) => other !== schema);
  return {
    ...config,
    functions: Object.fromEntries(others),
    api: { ...asRecord(config.api), schemas },
  };
}

/** Restores what was there, if its replacement is there exactly once. */
function revert(text: string, hunk: Pick<ConfigHunk, "before" | "after">): string {
  const end = lineEnd(text);
  const [before, after] = [hunk.before, hunk.after].map((lines) => lines.replace(/\r?\n/g, end));
  if (!after || before === undefined) return text;
  const parts = text.split(after);
  return parts.length === 2 ? parts.join(before) : text;
}

/** The lines in which two texts differ. */
function hunkOf(before: string, after: string): ConfigHunk {
  const old = before.split(/(?<=\n)/);
  const edited = after.split(/(?<=\n)/);
  const shorter = Math.min(old.length, edited.length);
  let start = 0;
  while (start < shorter && old[start] === edited[start]) start++;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === edited.at(-1 - end)) end++;
  return {
    line: start + 1,
    before: old.slice(start, old.length - end).join(""),
    after: edited.slice(start, edited.length - end).join(""),
  };
}

function keepsComments({ before, after }: ConfigHunk): boolean {
  const comments = [...before.matchAll(/(?:#|\/\/).*\S/g)].map(([comment]) => comment);
  return comments.every((comment) => after.includes(comment));
}

function exposedSchemas(config: Record<string, unknown>): string[] {
  const { schemas } = asRecord(config.api);
  return Array.isArray(schemas) ? schemas.map(String) : DEFAULT_SCHEMAS;
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The same values, whatever classes a parser uses for them. */
function plain(config: Record<string, unknown>): Record<string, unknown> {
  return structuredClone(config);
}

function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(structuredClone(one), structuredClone(other));
}

function tryTo<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
