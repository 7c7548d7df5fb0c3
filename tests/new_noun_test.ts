/** `deno task new-noun`: what it writes works unchanged, from a signed event to the row. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { addNoun } from "../tools/contributing/nouns/add_noun.ts";
import { readNoun } from "../tools/contributing/nouns/noun.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";

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

Deno.test("readNoun() and addNoun() refuse invalid and existing nouns with a plain message", async () => {
  const description = { event: "badge", idPrefix: "badge", columns: "name:text" };
  const read = (table: string, change: Partial<Parameters<typeof readNoun>[1]> = {}) => () =>
    readNoun(table, { ...description, ...change });
  assert.throws(read("badge"), /is not a plural/);
  assert.throws(read("Badges"), /is not a plural/);
  assert.throws(read("badges", { event: "Badge" }), /is not what event types begin with/);
  assert.throws(read("badges", { idPrefix: "b_" }), /is not what an id begins with/);
  assert.throws(read("badges", { columns: "name:money" }), /no type that is known here/);
  assert.throws(read("badges", { columns: "id:text" }), /can't be a column/);
  assert.throws(read("badges", { owner: "teams" }), /not to "teams"/);

  const known = readNoun("organization_roles", { ...description, event: "role", idPrefix: "role" });
  await assert.rejects(addNoun(ROOT, known, []), /has "organization_roles" already/);
});

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isSymlink } of Deno.readDir(from)) {
    if (name === "node_modules" || isSymlink) continue;
    await copy(join(from, name), join(to, name));
  }
}
