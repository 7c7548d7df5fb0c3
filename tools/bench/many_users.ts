import { sampleEvent } from "../development/events/sample_event.ts";

/** Unix milliseconds at which the first user was created; each next one is a millisecond later. */
const BEGINNING = Date.UTC(2026, 0, 1);

/** A Clerk instance whose users are made up as they are listed, so that any number is possible. */
export interface ManyUsers extends AsyncDisposable {
  /** For `CLERK_API_URL`. */
  url: string;
}

/** Serves `/v1/instance`, `/v1/users` and `/v1/users/count` on 127.0.0.1 as Clerk does, oldest first. */
export function serveManyUsers(count: number): ManyUsers {
  const { data } = sampleEvent("user.created");
  const { id } = data;
  const template = JSON.stringify({ ...data, created_at: BEGINNING, updated_at: BEGINNING });
  const user = (index: number) =>
    template.replaceAll(id, `user_${String(index).padStart(27, "0")}`)
      .replaceAll(String(BEGINNING), String(BEGINNING + index));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/v1/instance") return Response.json({ object: "instance", id: "ins_bench" });
    const createdAfter = Number(searchParams.get("created_at_after") ?? -Infinity);
    const first = Math.max(0, createdAfter - BEGINNING + 1);
    if (pathname === "/v1/users/count") return Response.json({ total_count: count - first });
    const start = first + Number(searchParams.get("offset"));
    const end = Math.min(count, start + Number(searchParams.get("limit")));
    const users = [];
    for (let index = start; index < end; index++) users.push(user(index));
    const headers = { "content-type": "application/json" };
    return new Response(`[${users.join(",")}]`, { headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
