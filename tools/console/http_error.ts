/** Why a request of the page is not answered as it asked: a status, and a sentence for whoever looks at it. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  constructor(readonly status: number, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
