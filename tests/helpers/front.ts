/** A server before the server: only who holds a connection can break it without an answer. */
export function startFront(serverPort: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Map<number, Deno.TcpConn>();

  const connect = async (inside: Deno.TcpConn) => {
    const outside = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
    connections.set(outside.localAddr.port, inside);
    await Promise.allSettled([
      inside.readable.pipeTo(outside.writable),
      outside.readable.pipeTo(inside.writable),
    ]);
    connections.delete(outside.localAddr.port);
  };
  const accept = async () => {
    // A client that is gone before its connection is made is nobody's concern.
    for await (const connection of listener) {
      connect(connection).catch(() => closeIfOpen(connection));
    }
  };
  accept();

  return {
    port: listener.addr.port,
    /** Breaks the connection that a request came over, by the port that the server sees. */
    cut(port: number) {
      const connection = connections.get(port);
      if (connection) closeIfOpen(connection);
    },
    close() {
      listener.close();
      for (const connection of connections.values()) closeIfOpen(connection);
    },
  };
}

/** The streams of a connection close it too when they end. */
function closeIfOpen(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
