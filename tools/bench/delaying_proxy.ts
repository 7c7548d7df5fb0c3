/** A stand-in for a network: a TCP proxy on 127.0.0.1 whose two directions take time. */
export interface DelayingProxy extends Disposable {
  /** Where it listens. */
  port: number;
}

/** What the proxy's thread is given. */
export interface DelayingProxyOptions {
  /** Port on 127.0.0.1 to forward everything to. */
  to: number;
  /** Milliseconds that each direction takes. */
  delay: number;
}

/**
 * Starts a proxy in its own thread. It waits without looking at anything else, which is exact to a few
 * hundredths of a millisecond, where a timer isn't: it serves one connection that takes turns.
 */
export async function startDelayingProxy(options: DelayingProxyOptions): Promise<DelayingProxy> {
  const worker = new Worker(import.meta.resolve("./delaying_proxy_worker.ts"), { type: "module" });
  const port = await new Promise<number>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`The proxy failed: ${message}`));
    worker.postMessage(options);
  });
  return { port, [Symbol.dispose]: () => worker.terminate() };
}
