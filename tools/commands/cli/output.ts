/** Where a command says what it does. */
export interface Output {
  /** For people: standard output, or standard error beside JSON. */
  say(text: string): void;
  /** For scripts: standard output, where JSON was asked for. */
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
