/** Imports the named module, and prints the milliseconds that it takes. */
const [module = ""] = Deno.args;
const startedAt = performance.now();
await import(module);
console.log(performance.now() - startedAt);
