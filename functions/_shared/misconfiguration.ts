/** Our fault: an environment variable is missing or malformed. */
export class Misconfiguration extends Error {
  override readonly name = "Misconfiguration";

  /** @param variable Name of the variable, for the log. */
  constructor(readonly variable: string, message: string) {
    super(message);
  }
}
