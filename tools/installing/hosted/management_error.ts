/** A failed request to Supabase's Management API, as a sentence without a secret in it. */
export class ManagementError extends Error {
  override readonly name = "ManagementError";
  /** Of the response; undefined if there was none. */
  readonly status: number | undefined;
  /** Seconds that the API asks us to wait, if it says so. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    { status, retryAfter, cause }: {
      status?: number | undefined;
      retryAfter?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Whether an error is a response with this status. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ManagementError && error.status !== undefined &&
    statuses.includes(error.status);
}
