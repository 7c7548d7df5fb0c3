/** Where a command prints its output. */
export interface Output {
  /** For people: standard output, or standard error next to JSON. */
  say(text: string): void;
  /** For scripts: standard output, if JSON was requested. */
  result(value: Record<string, unknown>): void;
}

/** @param isJson Whether `--json` was given. */
export function createOutput(isJson: boolean): Output {
  return {
    say: (text) => isJson ? console.error(text) : console.log(text),
    result(value) {
      if (isJson) console.log(JSON.stringify(value, null, 2));
    },
  };
}
