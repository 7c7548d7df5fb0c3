/**
 * supabase-js requires a WebSocket when a client is created, for a part of it that is never used here, and
 * Node has none before version 22.
 */
if (!("WebSocket" in globalThis)) {
  Object.assign(globalThis, {
    WebSocket: class {
      constructor() {
        throw new Error("This Node has no WebSocket");
      }
    },
  });
}
