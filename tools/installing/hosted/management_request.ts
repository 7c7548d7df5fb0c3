/** Requests to Supabase's Management API: limited in time and in attempts, with errors as sentences. */
import pRetry from "p-retry";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { ManagementError } from "./management_error.ts";

/** Milliseconds that a request may take: one that changes something may take longer than a read. */
const TIMEOUT = 60_000;

/** After the first attempt. */
const RETRIES = 3;
const FIRST_PAUSE = 500;

/** Seconds. A longer pause is left to the user. */
const LONGEST_PAUSE = 60;

/** Where tokens come from. */
export const TOKENS_PAGE = "https://supabase.com/dashboard/account/tokens";

/** The API to call, and its credentials. */
export interface ManagementAccess {
  /** Such as `https://api.supabase.com`. */
  apiUrl: string;
  /** Personal access token. It appears in no error. */
  token: string;
  /** Called for every failed attempt that is retried. */
  onPause?: (reason: string) => void;
  /** Milliseconds that one request may take; 60,000 by default. */
  timeout?: number;
  /** Milliseconds before the second attempt; 500 by default. */
  firstPause?: number;
}

/** A request. */
export interface ManagementRequest {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Including its query. */
  path: string;
  body?: unknown;
  /** Its purpose, for error messages: "deploy the function". */
  purpose: string;
  /**
   * Whether it may be retried if its result is unknown. Requests that would create something twice are left
   * to the next run, which looks first.
   */
  isRepeatable: boolean;
}

/**
 * Makes a request. Transient errors are retried a few times.
 *
 * @returns The response's JSON; undefined if it is empty.
 * @throws {ManagementError} with a sentence.
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

/** "Too many requests" means refused unread; after any other error, it may have been done. */
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

/** The cause of fetch()'s error says what is wrong. */
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

/** The error message in a response, truncated and without the token, should it be repeated there. */
function reasonIn(text: string, token: string): string {
  let reason = text;
  try {
    const body: unknown = JSON.parse(text);
    if (isRecord(body) && typeof body.message === "string") reason = body.message;
  } catch {
    // Proxies respond with HTML.
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
