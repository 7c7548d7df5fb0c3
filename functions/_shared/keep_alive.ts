/** Supabase's edge runtime ends an isolate once it has answered, unless it is told to wait. */
export function keepAlive(work: Promise<void>): void {
  const runtime: unknown = Reflect.get(globalThis, "EdgeRuntime");
  if (typeof runtime !== "object" || runtime === null || !("waitUntil" in runtime)) return;
  if (typeof runtime.waitUntil === "function") runtime.waitUntil(work);
}
