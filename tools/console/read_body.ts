import type { IncomingMessage } from "node:http";
import { isRecord } from "../../functions/clerk-webhook/json.ts";
import { HttpError } from "./http_error.ts";

/** Bytes in a body: some ten thousand ids. */
const MAX_SIZE = 512 * 1024;

/**
 * Reads a body, which has to be a JSON object.
 *
 * @throws {HttpError} 400, 413 or 415.
 */
export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw new HttpError(415, "The body has to be JSON");
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_SIZE) throw new HttpError(413, "The body is too large");
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(join(chunks, size)));
  } catch (cause) {
    throw new HttpError(400, "The body is not JSON", { cause });
  }
  if (!isRecord(body)) throw new HttpError(400, "The body is not a JSON object");
  return body;
}

function join(chunks: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
