/** Why a caller is not refreshed: the word in the response body. */
export type RefreshRefusalCode =
  | "method_not_allowed"
  | "off"
  | "unauthorized"
  | "no_profile"
  | "too_early"
  | "not_found";

/** The caller is not refreshed, and retrying the same request doesn't help, or not yet. */
export class RefreshRefusal extends Error {
  override readonly name = "RefreshRefusal";

  /** @param retryAfter Seconds, if retrying can help. */
  constructor(readonly code: RefreshRefusalCode, readonly retryAfter?: number) {
    super(`The caller is not refreshed: "${code}"`);
  }
}
