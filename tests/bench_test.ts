/** The benchmarks in their short form: that they work, not what they measure. */
import assert from "node:assert/strict";
import { finish, task } from "./helpers/command.ts";

/** Every benchmark by name, with what its lines are compared in. */
const BENCHMARKS: Record<string, string[]> = {
  event: ["events/s", "events/s", "events/s", "ms"],
  group: ["events/s", "events/s", "events/s"],
  growth: ["events/s", "bytes/event", "bytes/event", "events/s"],
  page: ["ms"],
  "page-index": ["events/s", "events/s"],
  function: ["µs", "µs"],
  "cold-start": Array(12).fill("ms"),
  "end-to-end": [
    ...Array(3).fill(["events/s", "ms", "ms", "ms"]).flat(),
    "events/s",
    "ms",
    "calls",
    "ms",
  ],
  backfill: ["rows/s", "rows/s", "rows/s"],
  "backfill-memory": ["MB"],
  "reconcile-slices": Array(2).fill(["ms", "ms", "MB", "MB"]).flat(),
  rls: ["ms", "ms"],
};

for (const [benchmark, units] of Object.entries(BENCHMARKS)) {
  Deno.test(`bench ${benchmark} measures both sides of every comparison`, async () => {
    const { stdout, stderr, code } = await task("bench", ["--short", "--json", benchmark]).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const comparisons = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(comparisons.map(({ unit }: { unit: string }) => unit), units);
    for (const { what, ours, reference, ratio } of comparisons) {
      for (const figure of [ours, reference, ratio]) {
        assert.ok(Number.isFinite(figure) && figure > 0, `${what}: ${figure}`);
      }
    }
  });
}

Deno.test("bench --help lists every benchmark, and an unknown one is refused", async () => {
  const help = await finish(task("bench", ["--help"]));
  assert.equal(help.code, 0);
  for (const name of Object.keys(BENCHMARKS)) {
    assert.match(help.output, new RegExp(`\\b${name}\\b`));
  }
  const { code, output } = await finish(task("bench", ["sprint"]));
  assert.equal(code, 1);
  assert.match(output, /There is no benchmark "sprint"/);
});
