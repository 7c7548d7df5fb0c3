/**
 * Clerk's Backend API on 127.0.0.1, as far as it lists and shows what is mirrored, after its published
 * contract (github.com/clerk/openapi-specs, bapi/2026-05-12.yml), and the troubles a client has with it.
 */
import { setTimeout as wait } from "node:timers/promises";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { startFront } from "../front.ts";
import { type ClerkObject, INSTANCE, payerIdOf } from "./objects.ts";
import { ObjectStore, type Page, type Selection, type TimeField } from "./object_store.ts";
import { type ClerkWebhooks, newWebhooks } from "./webhooks.ts";

/** A request as the options see it. */
export interface ClerkRequest {
  /** Path and query after `/v1`: `/users?limit=500&offset=500`. */
  path: string;
  /** Counts all requests, from 1. */
  number: number;
  /** How often this path and query has come, from 1. */
  times: number;
}

/**
 * What a request gets instead of its answer: an error, with `retryAfter` in seconds; a connection that
 * breaks without an answer; nothing until the server closes. With `delay`, the answer comes after so
 * many milliseconds.
 */
export type Trouble = { status: number; retryAfter?: number } | { delay: number } | "cut" | "hang";

/** How the API behaves. */
export interface ClerkApiOptions {
  /** What requests have to be authorized with. */
  secretKey?: string;
  /** The instance it is of; that of the fixtures by default. */
  instanceId?: string;
  /** Whether endpoints of webhooks can be made; they can't by default. */
  offersEndpoints?: boolean;
  /** How many requests are accepted within any window of so many milliseconds; no limit by default. */
  rateLimit?: { requests: number; milliseconds: number };
  /** Milliseconds that have passed since some moment, for the rate limit; those of this process by default. */
  clock?: () => number;
  /** The most objects that a list is given at once; as many as were asked for by default. */
  maxPageSize?: () => number | undefined;
  /** What lists say that there is in all, instead of the truth. */
  total?: (truth: number) => number;
  /** Decides about each request before it is answered; undefined leaves it alone. */
  trouble?: (request: ClerkRequest) => Trouble | undefined;
  /** Awaited before an answer is made: what it adds or deletes is in the answer. Path as in `trouble`. */
  onRequest?: (path: string, number: number) => void | Promise<void>;
}

/** What an instance of Clerk holds. Deleting a user or an organization deletes what belongs to it. */
export interface ClerkData {
  users: ObjectStore;
  organizations: ObjectStore;
  memberships: ObjectStore;
  invitations: ObjectStore;
  domains: ObjectStore;
  roles: ObjectStore;
  permissions: ObjectStore;
  waitlistEntries: ObjectStore;
  subscriptions: ObjectStore;
  subscriptionItems: ObjectStore;
  statements: ObjectStore;
  paymentAttempts: ObjectStore;
}

/** Clerk's Backend API. Disposing of it breaks every connection at once. */
export interface ClerkApi extends ClerkData, AsyncDisposable {
  /** The address that clients take as `apiUrl`, without `/v1`. */
  url: string;
  secretKey: string;
  webhooks: ClerkWebhooks;
  /** All requests so far, whatever came of them. */
  readonly requests: number;
  /** Answers by status, and requests by path: without `/v1` and query. */
  counts: { status: Map<number, number>; path: Map<string, number> };
  /** The most requests within any 10 seconds that the rate limit let pass. */
  readonly peakPerWindow: number;
}

/** Milliseconds of the window that Clerk's limits are given for (clerk.com/docs, system limits). */
const WINDOW = 10_000;

/** Requests within the last milliseconds. */
class SlidingWindow {
  /** The most requests that were ever within the window. */
  peak = 0;
  readonly #milliseconds: number;
  readonly #clock: () => number;
  readonly #times: number[] = [];

  constructor(milliseconds: number, clock: () => number) {
    this.#milliseconds = milliseconds;
    this.#clock = clock;
  }

  get size(): number {
    const start = this.#clock() - this.#milliseconds;
    while ((this.#times[0] ?? Infinity) <= start) this.#times.shift();
    return this.#times.length;
  }

  add(): void {
    this.#times.push(this.#clock());
    this.peak = Math.max(this.peak, this.size);
  }

  /** Whole seconds until there is room for one more. */
  get retryAfter(): number {
    const oldest = this.#times[0] ?? 0;
    return Math.max(1, Math.ceil((oldest + this.#milliseconds - this.#clock()) / 1000));
  }
}

/** An answer in the form of Clerk's errors. */
class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly longMessage: string;
  readonly retryAfter: number | undefined;

  constructor(
    { status, code, message, longMessage = message, retryAfter }: {
      status: number;
      code: string;
      message: string;
      longMessage?: string;
      retryAfter?: number | undefined;
    },
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.longMessage = longMessage;
    this.retryAfter = retryAfter;
  }

  toResponse(): Response {
    const { status, code, message, longMessage, retryAfter } = this;
    return Response.json({
      errors: [{ message, long_message: longMessage, code }],
      clerk_trace_id: crypto.randomUUID().replaceAll("-", ""),
    }, { status, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } });
  }
}

/** Starts the API, without any objects. */
export function startClerkApi(options: ClerkApiOptions = {}): ClerkApi {
  const {
    secretKey = `sk_test_${"0".repeat(42)}`,
    rateLimit,
    clock = () => performance.now(),
  } = options;
  const data = newData();
  const answer = newRouter(data, options.instanceId ?? INSTANCE);
  const webhooks = newWebhooks(options.offersEndpoints ?? false);
  const counts: ClerkApi["counts"] = { status: new Map(), path: new Map() };
  const times = new Map<string, number>();
  const limit = new SlidingWindow(rateLimit?.milliseconds ?? WINDOW, clock);
  const accepted = new SlidingWindow(WINDOW, clock);
  const stop = new AbortController();
  let requests = 0;

  const admit = (): ApiError | undefined => {
    if (rateLimit && limit.size >= rateLimit.requests) return rateLimitExceeded(limit.retryAfter);
    limit.add();
    accepted.add();
    return undefined;
  };
  const shorten = (body: unknown): unknown => {
    const { maxPageSize = () => undefined, total = (truth) => truth } = options;
    if (Array.isArray(body)) return body.slice(0, maxPageSize());
    if (!isRecord(body) || typeof body.total_count !== "number") return body;
    return {
      ...body,
      total_count: total(body.total_count),
      ...(Array.isArray(body.data) ? { data: body.data.slice(0, maxPageSize()) } : {}),
    };
  };
  const respond = (response: Response): Response => {
    countUp(counts.status, response.status);
    // Over a connection that was used before, fetch() repeats by itself what was cut.
    if (options.trouble) response.headers.set("connection", "close");
    return response;
  };

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    signal: stop.signal,
  }, async (request, info) => {
    const url = new URL(request.url);
    const pathname = url.pathname.replace(/^\/v1(?=\/)/, "");
    const path = pathname + url.search;
    const number = ++requests;
    const refusal = admit();
    countUp(counts.path, pathname);
    countUp(times, path);
    const trouble = options.trouble?.({ path, number, times: times.get(path) ?? 1 });
    await options.onRequest?.(path, number);
    if (trouble === "cut") front.cut(info.remoteAddr.port);
    if (trouble === "cut" || trouble === "hang") {
      await aborted(stop.signal);
      return new Response();
    }
    if (trouble && "delay" in trouble) {
      await wait(trouble.delay, undefined, { signal: stop.signal }).catch(() => {});
    }
    try {
      if (trouble && "status" in trouble) throw troubleOf(trouble);
      if (refusal) throw refusal;
      authorize(request, secretKey);
      if (pathname.startsWith("/webhooks/")) return respond(await askWebhooks(webhooks, request));
      return respond(Response.json(shorten(answer(request.method, url))));
    } catch (error) {
      if (error instanceof ApiError) return respond(error.toResponse());
      throw error;
    }
  });
  const front = startFront(server.addr.port);

  return {
    ...data,
    url: `http://127.0.0.1:${front.port}`,
    secretKey,
    webhooks,
    counts,
    get requests() {
      return requests;
    },
    get peakPerWindow() {
      return accepted.peak;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      front.close();
      await server.finished;
    },
  };
}

function newData(): ClerkData {
  const memberships = new ObjectStore({
    ownersOf: ({ organization, public_user_data }) => [
      isRecord(organization) && organization.id,
      isRecord(public_user_data) && public_user_data.user_id,
    ],
  });
  const invitations = new ObjectStore({ ownersOf: (invitation) => [invitation.organization_id] });
  const domains = new ObjectStore({ ownersOf: (domain) => [domain.organization_id] });
  return {
    users: new ObjectStore({ dependents: [memberships] }),
    organizations: new ObjectStore({ dependents: [memberships, invitations, domains] }),
    memberships,
    invitations,
    domains,
    roles: new ObjectStore(),
    permissions: new ObjectStore(),
    waitlistEntries: new ObjectStore(),
    subscriptions: new ObjectStore({ ownersOf: (subscription) => [subscription.payer_id] }),
    subscriptionItems: new ObjectStore(),
    statements: new ObjectStore(),
    paymentAttempts: new ObjectStore({ ownersOf: (attempt) => [attempt.statement_id] }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function countUp<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function authorize(request: Request, secretKey: string): void {
  if (request.headers.get("authorization") === `Bearer ${secretKey}`) return;
  throw new ApiError({
    status: 401,
    code: "clerk_key_invalid",
    message: "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is " +
      "correct.",
  });
}

function rateLimitExceeded(retryAfter?: number): ApiError {
  return new ApiError({
    status: 429,
    code: "rate_limit_exceeded",
    message: "Too many requests",
    longMessage: "Too many requests, retry later",
    retryAfter,
  });
}

function troubleOf({ status, retryAfter }: { status: number; retryAfter?: number }): ApiError {
  if (status === 429) return rateLimitExceeded(retryAfter);
  const message = "Oops, an unexpected error occurred";
  return new ApiError({ status, code: "internal_clerk_error", message, retryAfter });
}

function notFound(): ApiError {
  return new ApiError({
    status: 404,
    code: "resource_not_found",
    message: "not found",
    longMessage: "Resource not found",
  });
}

function valueInvalid(name: string): ApiError {
  return new ApiError({
    status: 422,
    code: "form_param_value_invalid",
    message: "is invalid",
    longMessage: `The value of "${name}" is invalid`,
  });
}

/** @throws {ApiError} if there is no such path. */
async function askWebhooks(webhooks: ClerkWebhooks, request: Request): Promise<Response> {
  const path = new URL(request.url).pathname.replace(/^\/v1\/webhooks/, "");
  const text = await request.text();
  const answer = webhooks.answer(request.method, path, text === "" ? undefined : JSON.parse(text));
  if (answer === undefined) throw notFound();
  return Response.json(answer.body, { status: answer.status });
}

type Query = URLSearchParams;

/** Makes the body of an answer; the ids are those in the path. */
type Answer = (query: Query, ...ids: string[]) => unknown;

/**
 * What the API answers, by path. The first that fits counts.
 *
 * @throws {ApiError} if there is no such path or object, or the query isn't valid.
 */
function newRouter(data: ClerkData, instanceId: string): (method: string, url: URL) => unknown {
  const routes = Object.entries(routesOf(data, instanceId)).map(([path, answer]) => ({
    pattern: new RegExp(`^/v1${path.replaceAll(":id", "([^/]+)")}$`),
    answer,
  }));
  return (method, { pathname, searchParams }) => {
    for (const { pattern, answer } of routes) {
      const ids = pattern.exec(pathname)?.slice(1);
      if (ids && method === "GET") return answer(searchParams, ...ids);
    }
    throw notFound();
  };
}

function routesOf(data: ClerkData, instanceId: string): Record<string, Answer> {
  const { users, organizations, memberships, invitations, domains, statements } = data;
  const ofOrganization = (store: ObjectStore, id = "") => {
    find(organizations, id);
    return store.ownedBy(id);
  };
  return {
    "/instance": () => ({
      object: "instance",
      id: instanceId,
      environment_type: "production",
      allowed_origins: null,
    }),

    "/users": (query) => users.page(readUsers(users, query), readUserPage(query)).data,
    "/users/count": (query) => {
      const { total_count } = users.page(readUsers(users, query), { ...NEWEST_FIRST, limit: 0 });
      return { object: "total_count", total_count };
    },
    "/users/:id": (_query, id) => find(users, id),
    "/users/:id/organization_memberships": (query, id) => {
      const among = memberships.ownedBy(find(users, id).id);
      return memberships.page({ among }, readPage(query));
    },
    "/users/:id/billing/subscription": (_query, id) => findSubscription(data.subscriptions, id),

    "/organizations": (query) =>
      organizations.page({ among: readAmong(organizations, query) }, readPage(query)),
    "/organizations/:id": (_query, id) => find(organizations, id),
    "/organizations/:id/invitations/:id": (_query, organization, id) =>
      findOne(ofOrganization(invitations, organization), (invitation) => invitation.id === id),
    "/organizations/:id/memberships": (query, id) => {
      const among = ofOrganization(memberships, id).filter(hasUser(readIds(query, "user_id")));
      return memberships.page({ among }, readPage(query));
    },
    "/organizations/:id/domains": (query, id) =>
      domains.page({ among: ofOrganization(domains, id) }, readPage(query)),
    "/organizations/:id/billing/subscription": (_query, id) =>
      findSubscription(data.subscriptions, id),

    "/organization_memberships": (query) => memberships.page({}, readPage(query)),
    "/organization_invitations": (query) => invitations.page({}, readPage(query)),
    "/organization_domains": (query) => {
      const among = readIds(query, "organization_id")?.flatMap((id) => domains.ownedBy(id));
      return domains.page({ among }, readPage(query));
    },
    "/organization_roles": (query) => data.roles.page({}, readPage(query)),
    "/organization_roles/:id": (_query, id) => find(data.roles, id),
    "/organization_permissions": (query) => data.permissions.page({}, readPage(query)),
    "/organization_permissions/:id": (_query, id) => find(data.permissions, id),
    "/waitlist_entries": (query) => {
      const among = readEntries(data.waitlistEntries, query);
      return data.waitlistEntries.page({ among }, readPage(query));
    },

    "/billing/subscription_items": (query) =>
      data.subscriptionItems.page({}, readBillingPage(query)),
    "/billing/statements": (query) => {
      const page = statements.page({}, readBillingPage(query));
      return { ...page, data: page.data.map(toStatement) };
    },
    "/billing/statements/:id/payment_attempts": (query, id) => {
      const among = data.paymentAttempts.ownedBy(find(statements, id).id);
      return data.paymentAttempts.page({ among }, readBillingPage(query));
    },
  };
}

function find(store: ObjectStore, id = ""): ClerkObject {
  const object = store.get(id);
  if (!object) throw notFound();
  return object;
}

function findOne(objects: ClerkObject[], matches: (object: ClerkObject) => boolean): ClerkObject {
  const object = objects.find(matches);
  if (!object) throw notFound();
  return object;
}

function findSubscription(subscriptions: ObjectStore, owner = ""): ClerkObject {
  return findOne(subscriptions.ownedBy(payerIdOf(owner)), () => true);
}

function hasUser(ids: string[] | undefined): (membership: ClerkObject) => boolean {
  return ({ public_user_data: user }) =>
    !ids || (isRecord(user) && ids.includes(`${user.user_id}`));
}

/** A statement has a `timestamp` and no other times. */
function toStatement({ created_at: _created, updated_at: _updated, ...statement }: ClerkObject) {
  return statement;
}

const NEWEST_FIRST = { field: "created_at", isDescending: true, offset: 0 } as const;

function readBillingPage(query: Query): Page {
  return {
    ...NEWEST_FIRST,
    limit: readInteger(query, "limit", { from: 1, to: 500 }) ?? 10,
    offset: readInteger(query, "offset") ?? 0,
  };
}

function readPage(query: Query, fields: TimeField[] = ["created_at"]): Page {
  const order = query.get("order_by") ?? "-created_at";
  const field = fields.find((name) => name === order.replace(/^[+-]/, ""));
  if (!field) throw valueInvalid("order_by");
  return { ...readBillingPage(query), field, isDescending: order.startsWith("-") };
}

function readUserPage(query: Query): Page {
  return readPage(query, ["created_at", "updated_at"]);
}

function readUsers(users: ObjectStore, query: Query): Selection {
  return {
    among: readAmong(users, query, "user_id"),
    createdAfter: readInteger(query, "created_at_after"),
    createdBefore: readInteger(query, "created_at_before"),
  };
}

function readAmong(
  store: ObjectStore,
  query: Query,
  name = "organization_id",
): ClerkObject[] | undefined {
  return readIds(query, name)?.flatMap((id) => store.get(id) ?? []);
}

function readEntries(entries: ObjectStore, query: Query): ClerkObject[] | undefined {
  const sought = query.get("query");
  if (!sought) return undefined;
  return [...entries].filter(({ id, email_address }) =>
    id === sought || `${email_address}`.toLowerCase().includes(sought.toLowerCase())
  );
}

/** The ids of a parameter that may be repeated, each once; undefined if it isn't there. */
function readIds(query: Query, name: string): string[] | undefined {
  const ids = query.getAll(name);
  if (ids.length > 100) throw valueInvalid(name);
  return ids.length > 0 ? [...new Set(ids)] : undefined;
}

function readInteger(
  query: Query,
  name: string,
  { from, to } = { from: 0, to: Number.MAX_SAFE_INTEGER },
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < from || value > to) throw valueInvalid(name);
  return value;
}
