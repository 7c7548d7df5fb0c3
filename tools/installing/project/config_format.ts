/** How a configuration is read and edited, in TOML or in JSON. Nothing that is not meant changes. */
export interface ConfigFormat {
  /** @throws {Error} in a sentence, if it is not well formed. */
  parse(text: string): Record<string, unknown>;
  /** Adds a section for each function. */
  addFunctions(text: string, names: string[]): string;
  /** Takes the sections of functions away. */
  removeFunctions(text: string, names: string[]): string;
  /** Sets the schemas that the API exposes. */
  setSchemas(text: string, schemas: string[]): string;
}

/** What the section of a function says: its code is a single file, and checks its callers itself. */
export function functionSettings(name: string): { verify_jwt: boolean; entrypoint: string } {
  return { verify_jwt: false, entrypoint: `./functions/${name}/index.js` };
}

/** The line ends of a text: those of most of its lines. */
export function lineEnd(text: string): "\n" | "\r\n" {
  const all = text.split("\n").length - 1;
  const windows = text.split("\r\n").length - 1;
  return windows > all / 2 ? "\r\n" : "\n";
}
