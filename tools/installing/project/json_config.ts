import { applyEdits, type FormattingOptions, modify, parse, type ParseError } from "jsonc-parser";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { type ConfigFormat, functionSettings, lineEnd } from "./config_format.ts";

/** `config.json`, possibly with comments, which the Supabase CLI accepts. */
export const jsonConfig: ConfigFormat = {
  parse(text) {
    const errors: ParseError[] = [];
    const config: unknown = parse(text, errors, { allowTrailingComma: true });
    const [error] = errors;
    if (error !== undefined || !isRecord(config)) {
      const line = text.slice(0, error?.offset).split("\n").length;
      throw new Error(
        `"supabase/config.json" can't be read: it is not well formed in line ${line}`,
      );
    }
    return config;
  },

  addFunctions(text, names) {
    return names.reduce(
      (edited, name) => set(edited, ["functions", name], functionSettings(name)),
      text,
    );
  },

  removeFunctions(text, names) {
    const edited = names.reduce(
      (edited, name) => set(edited, ["functions", name], undefined),
      text,
    );
    const { functions } = jsonConfig.parse(edited);
    const isEmpty = isRecord(functions) && Object.keys(functions).length === 0;
    return isEmpty ? set(edited, ["functions"], undefined) : edited;
  },

  setSchemas(text, schemas) {
    return set(text, ["api", "schemas"], schemas);
  },
};

function set(text: string, path: string[], value: unknown): string {
  return applyEdits(text, modify(text, path, value, { formattingOptions: formatOf(text) }));
}

/** Indented like the rest of the file. */
function formatOf(text: string): FormattingOptions {
  const [, indent = "  "] = /\n([ \t]+)"/.exec(text) ?? [];
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: lineEnd(text),
  };
}
