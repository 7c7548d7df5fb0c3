/** Requests to Supabase's Management API: bounded in time and in attempts, refused in sentences. */
import pRetry from "p-retry";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { ManagementError } from "./management_error.ts";

/** Milliseconds that a request may take: one that makes something may take longer than a look. */
const TIMEOUT = 60_000;

/** After the first attempt. */
const RETRIES = 3;
const FIRST_PAUSE = 500;

/** Seconds. A longer pause is left to the user. */
const LONGEST_PAUSE = 60;

/** Where tokens come from. */
export const TOKENS_PAGE = "https://supabase.com/dashboard/account/tokens";

/** Whom to ask, and as whom. */
export interface ManagementAccess {
  /** Such as `https://api.supabase.com`. */
  apiUrl: string;
  /** Personal access token. It appears in no error. */
  token: string;
  /** Hears of every attempt that failed and is made again. */
  onPause?: (reason: string) => void;
  /** Milliseconds that one request may take; 60,000 by default. */
  timeout?: number;
  /** Milliseconds before the second attempt; 500 by default. */
  firstPause?: number;
}

/** A request. */
export interface ManagementRequest {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its query. */
  path: string;
  body?: unknown;
  /** What it is for, for complaints: "deploy the function". */
  purpose: string;
  /**
   * Whether it may be made again where nobody knows what became of it. What makes something twice over
   * is left to the next run, which looks first.
   */
  isRepeatable: boolean;
}

/**
 * Makes a request. What passes is tried again a few times.
 *
 * @returns The answer's JSON; undefined for an empty one.
 * @throws {ManagementError} in a sentence.
 */
export async function requestManagement(
  access: ManagementAccess,
  request: ManagementRequest,
): Promise<unknown> {
  return await pRetry(() => attempt(access, request), {
    retries: RETRIES,
    minTimeout: access.firstPause ?? FIRST_PAUSE,
    shouldRetry: ({ error }) => passes(error, request.isRepeatable),
    async onFailedAttempt({ error, retriesLeft }) {
      if (retriesLeft === 0 || !passes(error, request.isRepeatable)) return;
      access.onPause?.(error.message);
      if (error instanceof ManagementError) await pause((error.retryAfter ?? 0) * 1000);
    },
  });
}

/** Too many requests were refused unread; after anything else it may have been done. */
function passes(error: unknown, isRepeatable: boolean): boolean {
  if (!(error instanceof ManagementError)) return false;
  const { status, retryAfter = 0 } = error;
  if (retryAfter > LONGEST_PAUSE) return false;
  if (status === 429) return true;
  return isRepeatable && (status === undefined || status === 408 || status >= 500);
}

async function attempt(access: ManagementAccess, request: ManagementRequest): Promise<unknown> {
  const { apiUrl, token, timeout = TIMEOUT } = access;
  const { method, path, body, purpose } = request;
  const isForm = body instanceof FormData;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${apiUrl.replace(/\/+$/, "")}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeout),
    });
    text = await response.text();
  } catch (error) {
    throw new ManagementError(describeSilence(error, apiUrl, purpose, timeout), { cause: error });
  }
  if (response.ok) return parse(text, purpose);
  throw new ManagementError(describeRefusal(response.status, reasonIn(text, token), purpose), {
    status: response.status,
    retryAfter: readRetryAfter(response.headers),
  });
}

function parse(text: string, purpose: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ManagementError(`Can't ${purpose}: Supabase's answer is not JSON`, { cause: error });
  }
}

function describeSilence(error: unknown, apiUrl: string, purpose: string, timeout: number): string {
  const { host } = new URL(apiUrl);
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `Can't ${purpose}: ${host} did not answer within ${timeout / 1000} seconds`;
  }
  return `Can't ${purpose}: ${host} can't be reached, or broke the connection (${reasonOf(error)})`;
}

/** fetch() tells what is wrong in its error's cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function describeRefusal(status: number, reason: string, purpose: string): string {
  switch (status) {
    case 401:
      return `Supabase refuses the access token: it is wrong, expired or revoked. Create one at ${TOKENS_PAGE}`;
    case 402:
      return `Can't ${purpose}: the project's plan doesn't allow it (${reason})`;
    case 403:
      return `Can't ${purpose}: the access token's account may not do that in this project (${reason})`;
    case 404:
      return `Can't ${purpose}: Supabase doesn't know it (${reason})`;
    case 429:
      return `Can't ${purpose}: Supabase got too many requests from this account. Wait a few minutes`;
    default:
      return `Can't ${purpose}: Supabase answers ${status} (${reason})`;
  }
}

/** What an answer complains of, cut short and without the token, should it be repeated there. */
function reasonIn(text: string, token: string): string {
  let reason = text;
  try {
    const body: unknown = JSON.parse(text);
    if (isRecord(body) && typeof body.message === "string") reason = body.message;
  } catch {
    // Proxies answer in HTML.
    if (text.trimStart().startsWith("<")) reason = "";
  }
  const plain = reason.replaceAll(token, "…").replace(/\s+/g, " ").trim();
  return plain === "" ? "no reason given" : plain.slice(0, 1000);
}

function readRetryAfter(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? headers.get("x-ratelimit-reset") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
