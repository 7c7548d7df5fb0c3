/**
 * Makes the named function answer one request, and prints the response. The request is JSON, `{"headers": …,
 * "body": …}`; the database is a `fetch` that answers `"applied"` to every call.
 */
globalThis.fetch = () => Promise.resolve(Response.json("applied"));

const [module = "", request = ""] = Deno.args;
const { default: served } = await import(module);
const response: Response = await served.fetch(
  new Request("http://127.0.0.1/", { method: "POST", ...JSON.parse(request) }),
);
// The function's own log goes there too.
console.log(`answer ${response.status} ${await response.text()}`);
