import { Refusal } from "./errors.ts";

/**
 * Reads a request's body as bytes and refuses it as soon as it is known to exceed the limit: by its
 * `content-length`, else while reading, before more than one chunk past the limit is in memory.
 *
 * @param limit Bytes.
 * @throws {Refusal} `too_large`, or `invalid_json` if the sender breaks off.
 */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const announced = request.headers.get("content-length");
  if (Number(announced) > limit) throw new Refusal("too_large");
  // A server accepts no more than was announced, so the body can be read in one go, which is cheaper.
  const bytes = announced === null
    ? await readChunks(request, limit)
    : await request.bytes().catch(refuseBrokenOff);
  if (bytes.byteLength > limit) throw new Refusal("too_large");
  return bytes;
}

async function readChunks({ body }: Request, limit: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  while (true) {
    const { done, value } = await reader.read().catch(refuseBrokenOff);
    if (done) break;
    length += value.byteLength;
    if (length > limit) {
      await reader.cancel().catch(() => {});
      throw new Refusal("too_large");
    }
    chunks.push(value);
  }
  return concatenate(chunks, length);
}

function refuseBrokenOff(): never {
  throw new Refusal("invalid_json");
}

function concatenate(chunks: Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
