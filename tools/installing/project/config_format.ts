/** How a configuration is read and edited, in TOML or in JSON. Nothing else changes. */
export interface ConfigFormat {
  /** @throws {Error} with a sentence, if it is malformed. */
  parse(text: string): Record<string, unknown>;
  /** Adds a section for each function. */
  addFunctions(text: string, names: string[]): string;
  /** Removes the sections of functions. */
  removeFunctions(text: string, names: string[]): string;
  /** Sets the schemas that the API exposes. */
  setSchemas(text: string, schemas: string[]): string;
}

/** A function's section: its code is a single file, and it checks its callers itself. */
export function functionSettings(name: string): { verify_jwt: boolean; entrypoint: string } {
  return { verify_jwt: false, entrypoint: `./functions/${name}/index.js` };
}

/** The line ending of a text: that of most of its lines. */
export function lineEnd(text: string): "\n" | "\r\n" {
  const all = text.split("\n").length - 1;
  const windows = text.split("\r\n").length - 1;
  return windows > all / 2 ? "\r\n" : "\n";
}
