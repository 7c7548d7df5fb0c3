import fc from "fast-check";

/** Values that have broken other people's handlers. */
export const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    [],
    {},
    "",
    "\u0000",
    "\uD800",
    "\uFFFE",
    "x".repeat(70_000),
    -1,
    0,
    0.5,
    1e11 - 1,
    1e11,
    8.64e15,
    8.64e15 + 1,
    2 ** 31,
    2 ** 53,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    "2026-02-30",
    "'; drop table profiles; --",
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}'),
    Array(200).fill({ id: "idn_1", email_address: "a@b.c" }),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Where in an object to put something, as a walk by random steps. */
export const walk = fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 });

/** Replaces what lies at the end of a walk. */
// deno-lint-ignore no-explicit-any -- any JSON, to be damaged
export function damage(value: any, steps: number[], nasty: unknown): void {
  let parent = value;
  for (const [index, step] of steps.entries()) {
    const keys = Object.keys(parent);
    const key = keys[step % Math.max(1, keys.length)];
    if (key === undefined) return;
    const isLast = index === steps.length - 1 || typeof parent[key] !== "object" ||
      parent[key] === null;
    if (isLast) {
      // A copy: the values are shared, and damage may come to lie within damage.
      parent[key] = structuredClone(nasty);
      return;
    }
    parent = parent[key];
  }
}
