/** What a request to Supabase's Management API came to, in a sentence without a secret in it. */
export class ManagementError extends Error {
  override readonly name = "ManagementError";
  /** Of the answer; undefined where none came. */
  readonly status: number | undefined;
  /** Seconds until the API wants to be asked again, where it says so. */
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

/** Whether an error is an answer of this status. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ManagementError && error.status !== undefined &&
    statuses.includes(error.status);
}
