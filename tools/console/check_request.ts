import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "./http_error.ts";

/**
 * Keeps out every page but the console's own: a name that someone has pointed at this address (DNS rebinding)
 * isn't one of its names, and another site's request says where it comes from.
 *
 * @param port Where the console listens.
 * @throws {HttpError} 403.
 */
export function checkOrigin(headers: IncomingHttpHeaders, port: number): void {
  const hosts = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`);
  if (!hosts.includes(headers.host?.toLowerCase() ?? "")) {
    throw new HttpError(403, "The console only answers at the address it was started with");
  }
  const { origin } = headers;
  const site = headers["sec-fetch-site"];
  const isOwn = origin === undefined || origin.toLowerCase() === `http://${headers.host}`;
  if (!isOwn || (site !== undefined && site !== "same-origin" && site !== "none")) {
    throw new HttpError(403, "The console only answers its own page");
  }
}

/**
 * Requests for data need the token: other users of this machine can reach the address too.
 *
 * @throws {HttpError} 401.
 */
export function checkToken(headers: IncomingHttpHeaders, token: string): void {
  const given = headers["x-console-token"];
  // Digests have the same length, so the comparison time reveals nothing.
  if (typeof given !== "string" || !timingSafeEqual(digest(given), digest(token))) {
    throw new HttpError(
      401,
      "The token is missing or wrong: open the link that the console printed",
    );
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
