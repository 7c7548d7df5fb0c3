/** Why a request is refused before any of it is processed: the word in the response body. */
export type RefusalCode =
  | "method_not_allowed"
  | "missing_header"
  | "invalid_header"
  | "invalid_timestamp"
  | "invalid_signature"
  | "invalid_json"
  | "too_large";

/** The sender's fault: the request is refused and none of it is kept. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly code: RefusalCode) {
    super(`The request is refused: "${code}"`);
  }
}

/** A verified event that can't be applied as it is, however often it comes: it becomes a dead letter. */
export class Inapplicable extends Error {
  override readonly name = "Inapplicable";
}

/** What the REST API and Postgres answer if there is no such function. */
const UNKNOWN_FUNCTION = ["PGRST202", "42883"];

/** Whether a code says that the database has no function of that name: the mirror is older, or not there. */
export function isUnknownFunction(code: string): boolean {
  return UNKNOWN_FUNCTION.includes(code);
}

/** The database can't be reached, times out or fails in a transient way: Svix sends it again. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";

  /** @param code SQLSTATE or a code of the REST layer; empty if there was no response at all. */
  constructor(readonly code: string, options?: ErrorOptions) {
    super(`The database did not process the call${code === "" ? "" : `: "${code}"`}`, options);
  }
}
