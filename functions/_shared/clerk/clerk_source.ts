import { type ClerkClient, createClerkClient } from "@clerk/backend";
import { ClerkAPIResponseError, isClerkAPIResponseError } from "@clerk/backend/errors";
import pRetry from "p-retry";
import { isRecord } from "../../clerk-webhook/json.ts";
import type { ClerkEnv } from "../clerk_env.ts";
import { createRequestLimit, type Turns } from "./request_limit.ts";

/** Clerk's limits, in requests per 10 s, minus a fifth that is left to the application itself. */
const PRODUCTION_REQUESTS = 800;
const DEVELOPMENT_REQUESTS = 80;

/** Milliseconds that one request may take. */
const REQUEST_TIMEOUT = 30_000;

/** After the first attempt: with the pauses below, enough for about ten minutes of trouble. */
const RETRIES = 12;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 60_000;

const CLERK = "https://api.clerk.com";

/** The version of the API that the pinned client speaks. */
const API_VERSION = "2026-05-12";

/** An object as Clerk lists it. */
export interface ClerkObject extends Record<string, unknown> {
  id: string;
  /** Unix milliseconds. */
  created_at: number;
}

/** A page of a list. */
export interface ClerkPage {
  objects: ClerkObject[];
  /** How many there are in total, if Clerk says so. */
  total?: number;
}

/** Reads a Clerk instance, within its limits, and retries transient errors. */
export interface ClerkSource {
  /**
   * Asks which instance it is.
   *
   * @throws {Error} with a sentence: what Clerk refuses, or a problem that outlasted the retries.
   */
  instanceId(): Promise<string>;
  /**
   * Asks through Clerk's own client.
   *
   * @param requests How many requests the client makes for it.
   * @throws {Error} with a sentence: what Clerk refuses, or a problem that outlasted the retries.
   */
  ask<Answer>(
    question: (clerk: ClerkClient) => Promise<Answer>,
    requests?: number,
  ): Promise<Answer>;
  /**
   * Requests a list by its path below `/v1`, as it is: for lists that Clerk's client has no method for, or
   * whose objects it reshapes and trims.
   *
   * @throws {Error} as above.
   */
  list(path: string, query?: Record<string, string | number>): Promise<ClerkPage>;
  /**
   * Requests a single object the same way; undefined if there is none.
   *
   * @throws {Error} as above.
   */
  find(path: string): Promise<ClerkObject | undefined>;
  /** The requests that still count toward Clerk's limits. */
  turns(): Turns;
}

/** Whether an instance has no objects of this kind at all: a feature is off, or not part of its plan. */
export function isMissingFeature(error: unknown): error is Error {
  return error instanceof Error && isClerkAPIResponseError(error.cause) &&
    error.cause.errors.length > 0 && [402, 403, 404].includes(error.cause.status);
}

/** Whether Clerk says that the object doesn't exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && isClerkAPIResponseError(error.cause) &&
    error.cause.status === 404;
}

/** Why Clerk was not read, in a sentence. */
export class ClerkTrouble extends Error {
  override readonly name = "ClerkTrouble";

  /**
   * @param canPass Whether retrying can help.
   * @param retryAfter Milliseconds that Clerk asks us to wait, if it says so.
   */
  constructor(
    message: string,
    readonly canPass: boolean,
    readonly retryAfter: number,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How to read. */
export interface ClerkSourceOptions extends ClerkEnv {
  /** Called for every failed attempt that is retried. */
  onPause?: (reason: string) => void;
  /** Milliseconds that one request may take; 30,000 by default. */
  timeout?: number;
  /** How often a request is retried; 12 times by default. */
  retries?: number;
  /** Milliseconds: if Clerk asks for a longer pause, the request isn't retried. */
  longestPause?: number;
  /** The requests that earlier slices made. */
  turns?: Turns;
}

/** Creates a source; all of its requests count together toward Clerk's limits. */
export function createClerkSource(options: ClerkSourceOptions): ClerkSource {
  const { secretKey, apiUrl, onPause, timeout = REQUEST_TIMEOUT, retries = RETRIES } = options;
  const { longestPause = Infinity } = options;
  const clerk = createClerkClient({
    secretKey,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    telemetry: { disabled: true },
  });
  const base = (apiUrl ?? CLERK).replace(/\/+$/, "");
  const limit = secretKey.startsWith("sk_live_") ? PRODUCTION_REQUESTS : DEVELOPMENT_REQUESTS;
  const { takeTurn, turns } = createRequestLimit(limit, options.turns);
  const canWait = (error: unknown) => passes(error) && retryAfterOf(error) <= longestPause;

  const persist = async <Answer>(
    question: () => Promise<Answer>,
    requests = 1,
  ): Promise<Answer> => {
    try {
      return await pRetry(async () => {
        for (let request = 0; request < requests; request++) await takeTurn();
        return await withTimeout(question(), timeout);
      }, {
        retries,
        minTimeout: FIRST_PAUSE,
        maxTimeout: LONGEST_PAUSE,
        randomize: true,
        shouldRetry: ({ error }) => canWait(error),
        async onFailedAttempt({ error, retriesLeft }) {
          if (retriesLeft === 0 || !canWait(error)) return;
          onPause?.(describe(error));
          await pause(retryAfterOf(error));
        },
      });
    } catch (error) {
      throw new ClerkTrouble(describe(error), passes(error), retryAfterOf(error), { cause: error });
    }
  };
  return {
    async instanceId() {
      const { id } = await persist(() => clerk.instance.get());
      if (typeof id !== "string" || id === "") {
        throw new Error("Clerk doesn't say which instance this is");
      }
      return id;
    },
    ask: (question, requests) => persist(() => question(clerk), requests),
    list: async (path, query) => toPage(await persist(() => get(path, query))),
    async find(path) {
      try {
        return toObject(await persist(() => get(path)));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    turns,
  };

  async function get(path: string, query: Record<string, string | number> = {}): Promise<unknown> {
    const url = new URL(`${base}/v1${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${secretKey}`, "clerk-api-version": API_VERSION },
      signal: AbortSignal.timeout(timeout),
    });
    if (response.ok) return await response.json();
    const body: unknown = await response.json().catch(() => undefined);
    throw new ClerkAPIResponseError(response.statusText, {
      data: isRecord(body) && Array.isArray(body.errors) ? body.errors : [],
      status: response.status,
      retryAfter: Number(response.headers.get("retry-after")),
    });
  }
}

/**
 * A list as Clerk returns it: objects, or `{ data, total_count }`.
 *
 * @throws {Error} if it isn't one.
 */
export function toPage(answer: unknown): ClerkPage {
  const data = isRecord(answer) ? answer.data : answer;
  if (!Array.isArray(data)) throw new Error("Clerk's answer is not a list");
  const total = isRecord(answer) ? answer.total_count ?? answer.totalCount : undefined;
  return {
    objects: data.map(toObject),
    ...(typeof total === "number" ? { total } : {}),
  };
}

/** A client's object in the form in which Clerk sent it, if the client kept it. */
function toObject(item: unknown): ClerkObject {
  const object = isRecord(item) && isRecord(item.raw) ? item.raw : item;
  if (!isRecord(object) || typeof object.id !== "string") {
    throw new Error("Clerk's answer holds something that is not an object with an id");
  }
  // Subscription items may lack it; they are listed in order of creation all the same.
  const createdAt = typeof object.created_at === "number" ? object.created_at : 0;
  return { ...object, id: object.id, created_at: createdAt };
}

/** A client's request can't be aborted: one that takes too long is abandoned. */
async function withTimeout<Answer>(answer: Promise<Answer>, timeout: number): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DOMException("Clerk did not answer in time", "TimeoutError")),
      timeout,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether retrying can help: rate limits, server errors, and no response at all. */
function passes(error: unknown): boolean {
  if (!isClerkAPIResponseError(error)) return true;
  const { status } = error;
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

/** Milliseconds. */
function retryAfterOf(error: unknown): number {
  return isClerkAPIResponseError(error) ? (error.retryAfter || 0) * 1000 : 0;
}

function describe(error: unknown): string {
  if (!isClerkAPIResponseError(error)) {
    return `Clerk can't be read: ${error instanceof Error ? error.message : error}`;
  }
  if (error.status === 401) {
    return 'Clerk refuses the key: "CLERK_SECRET_KEY" is not the secret key of an instance';
  }
  const [first] = error.errors;
  const reason = first?.longMessage || first?.message || error.message || "no reason given";
  return error.status === undefined
    ? `Clerk can't be reached: ${reason}`
    : `Clerk answers ${error.status}: ${reason}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
