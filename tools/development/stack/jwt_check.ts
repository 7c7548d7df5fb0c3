import { jwtVerify } from "jose";
import type { ServeFunction } from "./stack.ts";

/**
 * Serves a function as Supabase does if `verify_jwt` was left on: a request without one of the project's
 * tokens is answered with 401, and never reaches the function.
 */
export function behindJwtCheck(serve: ServeFunction, jwtSecret: string): ServeFunction {
  const key = new TextEncoder().encode(jwtSecret);
  return async (request) => {
    const header = request.headers.get("authorization");
    if (header === null) return refuse("Missing authorization header");
    const [, token = ""] = /^Bearer (.+)$/i.exec(header) ?? [];
    const isGood = await jwtVerify(token, key).then(() => true, () => false);
    return isGood ? await serve(request) : refuse("Invalid Token or Protected Header formatting");
  };
}

function refuse(message: string): Response {
  return Response.json({ code: 401, message }, { status: 401 });
}
