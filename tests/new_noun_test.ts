/** `deno task new-noun`: what it writes works unchanged, from a signed event to the row. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { addNoun } from "../tools/contributing/nouns/add_noun.ts";
import { readNoun } from "../tools/contributing/nouns/noun.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";
import { createProject } from "./helpers/project.ts";

/** What of the repository a noun touches, or is needed to try it. */
const COPIED = ["deno.json", "deno.lock", "docs", "functions", "supabase", "tests", "tools"];

const COLUMNS = "name:text,level:integer,is_public:boolean,expires_at:timestamptz,details:jsonb";

Deno.test("a noun that deno task new-noun has written takes signed events of each of its types", async () => {
  const root = await Deno.makeTempDir({ prefix: "clerk-mirror-noun-" });
  try {
    for (const name of COPIED) await copy(join(ROOT, name), join(root, name));
    await Deno.symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
    const deno = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: root,
        // Its stack is its own, not that of this run.
        clearEnv: true,
        env: {
          ...Object.fromEntries(
            Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("TEST_")),
          ),
          NO_COLOR: "1",
        },
      }).output();
      const decoder = new TextDecoder();
      const output = decoder.decode(stdout) + decoder.decode(stderr);
      assert.equal(code, 0, output);
      return output;
    };
    const described = [
      "--event",
      "organizationBadge",
      "--id-prefix",
      "badge",
      "--columns",
      COLUMNS,
    ];
    await deno("task", "new-noun", "organization_badges", ...described, "--owner", "organizations");
    await deno("task", "types");
    await deno("check", "functions");
    const output = await deno("task", "test", "events", "--filter", "organizationBadge");
    assert.match(output, /\| 3 passed \| 0 failed/);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

const description = { event: "badge", idPrefix: "badge", columns: "name:text" };

Deno.test("readNoun() refuses an invalid noun with a plain message", () => {
  const read = (table: string, change: Partial<Parameters<typeof readNoun>[1]> = {}) => () =>
    readNoun(table, { ...description, ...change });
  assert.throws(read("badge"), /is not a plural/);
  assert.throws(read("Badges"), /is not a plural/);
  assert.throws(read("badges", { event: "Badge" }), /is not what event types begin with/);
  assert.throws(read("badges", { idPrefix: "b_" }), /is not what an id begins with/);
  assert.throws(read("badges", { columns: "name:money" }), /no type that is known here/);
  assert.throws(read("badges", { columns: "id:text" }), /can't be a column/);
  assert.throws(read("badges", { owner: "teams" }), /not to "teams"/);
});

Deno.test("addNoun() refuses a noun that is there or that a list has no place for, and writes nothing", async () => {
  await using project = await createProject({});
  await copy(join(ROOT, "supabase", "migrations"), join(project.root, "supabase", "migrations"));
  const tables = "tools/console/mirrored_tables.ts";
  const lists = [
    "functions/clerk-webhook/event.ts",
    tables,
    "tests/row_level_security_test.ts",
    "docs/events.md",
  ];
  for (const list of lists) await project.write(list, await Deno.readTextFile(join(ROOT, list)));

  const complete = await project.snapshot();
  const known = readNoun("organization_roles", { ...description, event: "role", idPrefix: "role" });
  await assert.rejects(addNoun(project.root, known, []), /has "organization_roles" already/);
  assert.deepEqual(await project.snapshot(), complete);

  await project.write(tables, "");
  const damaged = await project.snapshot();
  const badges = readNoun("badges", description);
  await assert.rejects(addNoun(project.root, badges, []), /has no place for "badges"/);
  assert.deepEqual(await project.snapshot(), damaged);
});

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isSymlink } of Deno.readDir(from)) {
    if (name === "node_modules" || isSymlink) continue;
    await copy(join(from, name), join(to, name));
  }
}
