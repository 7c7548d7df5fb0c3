/** Parsers for numeric options: each complains about its option by name. */

/** The seconds in a day. */
const LONGEST_PAUSE = 86_400;

/** A pause in seconds: more than zero, and no more than a day. */
export function pauseInSeconds(option: string): (text: string) => number {
  return numberParser(
    option,
    `a number of seconds, ${LONGEST_PAUSE.toLocaleString("en")} at most`,
    (value) => value > 0 && value <= LONGEST_PAUSE,
  );
}

/** @param unit What it counts: "seconds". */
export function numberFromZero(option: string, unit: string): (text: string) => number {
  return numberParser(option, `a number of ${unit}`, (value) => value >= 0);
}

export function wholeNumber(
  option: string,
  { from = -Infinity, to = Infinity }: { from?: number; to?: number } = {},
): (text: string) => number {
  const range = to < Infinity
    ? ` from ${from} to ${to}`
    : from > -Infinity
    ? `, ${from} or more`
    : "";
  return numberParser(
    option,
    `a whole number${range}`,
    (value) => Number.isInteger(value) && value >= from && value <= to,
  );
}

function numberParser(
  option: string,
  what: string,
  isValid: (value: number) => boolean,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || !isValid(value)) {
      throw new Error(`"${option} ${text}" is not ${what}`);
    }
    return value;
  };
}
