/**
 * Stand-ins on 127.0.0.1 for what can't be had in a test, after the published contracts: Resend's
 * `POST /emails` with idempotency keys, and the two calls of Supabase Storage that list and remove.
 */
import { isRecord } from "../../functions/clerk-webhook/json.ts";

/** How the next request is treated. `die` takes the message and cuts the connection. */
export type Mood = "accept" | "fail" | "refuse" | "pause" | "hang" | "die";

/** Resend, as far as it sends emails. */
export interface ResendStandIn extends AsyncDisposable {
  url: string;
  /** Messages that were really sent: those of one idempotency key count once. */
  sent: Map<string, { to: string; subject: string; text: string; html?: string }>;
  requests: number;
}

/**
 * @param mood Decides how a request is treated, from its idempotency key and how often that came.
 */
export function startResend(mood: (key: string, times: number) => Mood): ResendStandIn {
  const sent: ResendStandIn["sent"] = new Map();
  const times = new Map<string, number>();
  let requests = 0;
  const release = Promise.withResolvers<void>();
  const error = (status: number, name: string, headers?: Record<string, string>) =>
    Response.json({ statusCode: status, name, message: name }, { status, headers: headers ?? {} });

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    onError: () => Response.error(),
  }, async (request) => {
    requests++;
    const { pathname } = new URL(request.url);
    if (request.method !== "POST" || pathname !== "/emails") return error(404, "not_found");
    if (request.headers.get("authorization") !== "Bearer re_test") {
      return error(401, "invalid_api_key");
    }
    const message = await request.json();
    const key = request.headers.get("idempotency-key") ?? crypto.randomUUID();
    times.set(key, (times.get(key) ?? 0) + 1);
    const accept = () => {
      const earlier = sent.get(key);
      if (earlier && JSON.stringify(earlier) !== JSON.stringify(message)) {
        return error(409, "invalid_idempotent_request");
      }
      sent.set(key, message);
      return Response.json({ id: key });
    };
    switch (mood(key, times.get(key) ?? 1)) {
      case "accept":
        return accept();
      case "fail":
        return error(500, "internal_server_error");
      case "refuse":
        return error(422, "validation_error");
      case "pause":
        return error(429, "rate_limit_exceeded", { "retry-after": "120" });
      case "hang":
        await release.promise;
        return error(503, "unavailable");
      case "die": {
        accept();
        const broken = new ReadableStream({
          start: (controller) => controller.error(new Error("cut")),
        });
        return new Response(broken, { status: 200 });
      }
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    sent,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      release.resolve();
      await server.shutdown();
    },
  };
}

/** A project whose Storage is a stand-in; everything else goes to the real stack. */
export interface StorageStandIn extends AsyncDisposable {
  url: string;
  /** Paths of the objects in each bucket. */
  buckets: Map<string, Set<string>>;
  /** The largest page that was listed. */
  largestPage: number;
}

/** @param shouldFail Whether the next request of Storage is answered 500. */
export function startStorage(apiUrl: string, shouldFail: () => boolean): StorageStandIn {
  const buckets: StorageStandIn["buckets"] = new Map();
  let largestPage = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    if (!pathname.startsWith("/storage/v1/")) {
      const { method, headers, body } = request;
      return await fetch(`${apiUrl}${pathname}${search}`, { method, headers, body });
    }
    if (shouldFail()) {
      return Response.json({ statusCode: "500", error: "x", message: "x" }, { status: 500 });
    }
    const body: unknown = await request.json();
    const [, listed] = /^\/storage\/v1\/object\/list\/([^/]+)$/.exec(pathname) ?? [];
    const [, bucket] = /^\/storage\/v1\/object\/([^/]+)$/.exec(pathname) ?? [];
    if (listed && isRecord(body)) {
      const page = listPage(
        buckets.get(listed) ?? new Set(),
        String(body.prefix),
        Number(body.limit),
      );
      largestPage = Math.max(largestPage, page.length);
      return Response.json(page);
    }
    if (bucket && request.method === "DELETE" && isRecord(body) && Array.isArray(body.prefixes)) {
      for (const path of body.prefixes) buckets.get(bucket)?.delete(String(path));
      return Response.json(body.prefixes.map((name) => ({ name })));
    }
    return Response.json({ error: "not_found" }, { status: 404 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    buckets,
    get largestPage() {
      return largestPage;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** One level of a folder: objects with an id, folders without one. */
function listPage(paths: Set<string>, prefix: string, limit: number) {
  const names = new Map<string, string | null>();
  for (const path of paths) {
    if (!path.startsWith(`${prefix}/`)) continue;
    const [name = "", ...rest] = path.slice(prefix.length + 1).split("/");
    names.set(name, rest.length > 0 ? null : path);
  }
  return [...names].slice(0, limit).map(([name, id]) => ({ name, id }));
}
