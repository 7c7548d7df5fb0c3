/** Why a request from the page failed: a status, and a sentence for the person looking at it. */
export class HttpError extends Error {
  override readonly name: string = "HttpError";

  constructor(readonly status: number, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The database is there, but one query takes too long. */
export class TooSlow extends HttpError {
  override readonly name = "TooSlow";

  constructor(message: string, options?: ErrorOptions) {
    super(503, message, options);
  }
}
