/** Why a request of the page is not answered as it asked: a status, and a sentence for whoever looks at it. */
export class HttpError extends Error {
  override readonly name: string = "HttpError";

  constructor(readonly status: number, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The database is there, but one question takes it too long. */
export class TooSlow extends HttpError {
  override readonly name = "TooSlow";

  constructor(message: string, options?: ErrorOptions) {
    super(503, message, options);
  }
}
