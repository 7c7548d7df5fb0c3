/** What functions called with the secret key answer when they don't do their work. */

export function methodNotAllowed(): Response {
  return Response.json({ error: "method_not_allowed" }, {
    status: 405,
    headers: { allow: "POST" },
  });
}

export function unauthorized(): Response {
  return Response.json({ error: "unauthorized" }, { status: 401 });
}

export function unavailable(): Response {
  return Response.json({ error: "unavailable" }, { status: 503, headers: { "retry-after": "5" } });
}
