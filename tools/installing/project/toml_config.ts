import { parse as parseForPatch, patch } from "@decimalturn/toml-patch";
import { parse } from "smol-toml";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { type ConfigFormat, functionSettings, lineEnd } from "./config_format.ts";

/** Integers of any size are compared exactly. */
const OPTIONS = { integersAsBigInt: "asNeeded" } as const;

/** Why a function checks its callers itself. */
const COMMENTS: Record<string, string> = {
  "clerk-webhook": "# Clerk's webhooks carry a signature, which the function itself verifies.",
  "clerk-effects": "# Called with the project's secret key, which the function itself checks.",
  "clerk-refresh":
    "# Called by signed-in users with Clerk's session token, which the REST API checks.",
  "clerk-reconcile": "# Called with the project's secret key, which the function itself checks.",
};

/** `config.toml`. */
export const tomlConfig: ConfigFormat = {
  parse(text) {
    try {
      return parse(text, OPTIONS);
    } catch (cause) {
      const [reason] = cause instanceof Error ? cause.message.split("\n") : [String(cause)];
      throw new Error(`"supabase/config.toml" can't be read: ${reason}`, { cause });
    }
  },

  /** At the end, so that nothing else moves; if `functions` is an inline table, inside it. */
  addFunctions(text, names) {
    const end = lineEnd(text);
    const sections = names.map((name) => [...commentOf(name), ...sectionOf(name)].join(end));
    const appended = append(text, sections.join(end + end));
    return isWellFormed(appended) ? appended : patchWith(text, (config) => {
      for (const name of names) config.functions[name] = functionSettings(name);
    });
  },

  removeFunctions(text, names) {
    return names.reduce(removeSection, text);
  },

  setSchemas(text, schemas) {
    const { api } = parse(text, OPTIONS);
    const end = lineEnd(text);
    const line = `schemas = [${schemas.map((schema) => JSON.stringify(schema)).join(", ")}]`;
    if (api === undefined) return append(text, `[api]${end}${line}`);
    const header = /^[ \t]*\[[ \t]*api[ \t]*\].*(?:\n|$)/m.exec(text)?.[0];
    const hasSchemas = isRecord(api) && api.schemas !== undefined;
    if (header?.endsWith("\n") && !hasSchemas) {
      return text.replace(header, () => `${header}${line}${end}`);
    }
    return patchWith(text, (config) => config.api.schemas = schemas);
  },
};

/** Appends a block, with an empty line before it; a last line without a line ending stays that way. */
function append(text: string, block: string): string {
  const end = lineEnd(text);
  if (text.trim() === "") return text + block + end;
  return text.endsWith("\n") ? text + end + block + end : text + end + end + block;
}

/** Makes edits that a plain addition can't, with the library that keeps the rest of the text as it is. */
function patchWith(text: string, edit: (config: ReturnType<typeof parseForPatch>) => void): string {
  const config = parseForPatch(text);
  edit(config);
  return patch(text, config);
}

function isWellFormed(text: string): boolean {
  try {
    parse(text, OPTIONS);
    return true;
  } catch {
    return false;
  }
}

function commentOf(name: string): string[] {
  const comment = COMMENTS[name];
  return comment === undefined ? [] : [comment];
}

function sectionOf(name: string): string[] {
  const settings = Object.entries(functionSettings(name));
  return [
    `[functions.${name}]`,
    ...settings.map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ];
}

/** Removes its lines, its comment, and one of the empty lines around it. */
function removeSection(text: string, name: string): string {
  const { functions } = parse(text, OPTIONS);
  if (!isRecord(functions) || functions[name] === undefined) return text;
  const lines = text.split(/(?<=\n)/);
  const header = new RegExp(String.raw`^\s*\[\s*functions\s*\.\s*(["']?)${name}\1\s*[.\]]`);
  const start = lines.findIndex((line) => header.test(line));
  if (start < 0) return text;
  let end = start + 1;
  while (end < lines.length && (!isHeader(lines[end]) || header.test(lines[end] ?? ""))) end++;
  // A comment directly above the next section belongs to that one.
  while (end > start + 1 && end < lines.length && isBlankOrComment(lines[end - 1])) end--;
  const isCommented = lines[start - 1]?.trim() === COMMENTS[name];
  const first = isCommented ? start - 1 : start;
  const hasGap = lines[first - 1]?.trim() === "" &&
    (end === lines.length || lines[end]?.trim() === "");
  lines.splice(hasGap ? first - 1 : first, end - (hasGap ? first - 1 : first));
  return lines.join("");
}

function isHeader(line: string | undefined): boolean {
  return /^\s*\[/.test(line ?? "");
}

function isBlankOrComment(line: string | undefined): boolean {
  return /^\s*(?:#.*)?$/.test(line?.trimEnd() ?? "");
}
