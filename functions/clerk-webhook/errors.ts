/** Why a request is refused before anything of it is processed: the word in the answer's body. */
export type RefusalCode =
  | "method_not_allowed"
  | "missing_header"
  | "invalid_header"
  | "invalid_timestamp"
  | "invalid_signature"
  | "invalid_json"
  | "too_large";

/** The sender's fault: the request is refused and nothing of it is kept. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly code: RefusalCode) {
    super(`The request is refused: "${code}"`);
  }
}

/** A verified event that can't be applied as it is, however often it comes: it is dead-lettered. */
export class Inapplicable extends Error {
  override readonly name = "Inapplicable";
}

/** What the REST API and Postgres say where there is no such function. */
const UNKNOWN_FUNCTION = ["PGRST202", "42883"];

/** Whether a code says that the database has no function of that name: the mirror is older, or not there. */
export function isUnknownFunction(code: string): boolean {
  return UNKNOWN_FUNCTION.includes(code);
}

/** The database can't be reached, times out or fails in a way that may pass: Svix sends again. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";

  /** @param code SQLSTATE or code of the REST layer; empty when there was no answer at all. */
  constructor(readonly code: string, options?: ErrorOptions) {
    super(`The database did not process the call${code === "" ? "" : `: "${code}"`}`, options);
  }
}
