/// <reference lib="deno.worker" />
import type { DelayingProxyOptions } from "./delaying_proxy.ts";

/** Nothing ever wakes this: waiting for it just lets time pass. */
const never = new Int32Array(new SharedArrayBuffer(4));

async function pass(from: Deno.Conn, to: Deno.Conn, delay: number): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
    Atomics.wait(never, 0, 0, delay);
    for (let sent = 0; sent < size;) sent += await to.write(buffer.subarray(sent, size));
  }
}

async function serve(client: Deno.TcpConn, { to, delay }: DelayingProxyOptions): Promise<void> {
  using _client = client;
  using server = await Deno.connect({ hostname: "127.0.0.1", port: to });
  client.setNoDelay();
  server.setNoDelay();
  await Promise.race([pass(client, server, delay), pass(server, client, delay)]);
}

self.onmessage = async ({ data: options }: MessageEvent<DelayingProxyOptions>) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  self.postMessage(listener.addr.port);
  // A connection that is cut at the end doesn't matter.
  for await (const client of listener) serve(client, options).catch(() => {});
};
