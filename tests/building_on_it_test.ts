/**
 * docs/building-on-it.md, executed: every SQL block runs in one project, every TypeScript block is
 * type-checked.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { ROOT } from "../tools/development/stack/supabase_cli.ts";
import { openOwnMirror } from "./helpers/mirror.ts";

const text = await Deno.readTextFile(join(ROOT, "docs", "building-on-it.md"));

function blocksOf(language: string): string[] {
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].map(([, code = ""]) => code);
}

/** What Supabase Realtime has, as far as the document uses it. */
const REALTIME = `
  create schema realtime;
  grant usage on schema realtime to authenticated, service_role;
  create table realtime.messages (topic text, event text, record jsonb);
  alter table realtime.messages enable row level security;
  grant select on realtime.messages to authenticated;
  create function realtime.topic() returns text language sql stable
    as $$ select current_setting('realtime.topic', true) $$;
  create function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text,
    new record, old record, level text default 'ROW'
  ) returns void language plpgsql as $$
    begin insert into realtime.messages values (topic_name, event_name, to_jsonb(new)); end $$;
`;

Deno.test("every SQL block in docs/building-on-it.md runs, and does what the page says", async (t) => {
  await using mirror = await openOwnMirror();
  const { sql } = mirror;
  await sql.unsafe(REALTIME);
  const blocks = blocksOf("sql");
  assert.ok(blocks.length >= 10);
  for (const block of blocks) await sql.unsafe(block);
  await mirror.stack.reconnect();

  // deno-lint-ignore no-explicit-any -- tables of the document's own
  const asUser = (id: string): any => mirror.asUser(id);
  const membership = sampleEvent("organizationMembership.created", {
    data: { permissions: ["org:projects:manage"] },
  });
  const { organization, public_user_data: { user_id: userId } } = membership.data;
  const user = asUser(userId);

  await t.step("a user's first insert works before their webhook has arrived", async () => {
    assert.equal((await user.from("todos").insert({ user_id: userId, task: "x" })).error, null);
    const other = { user_id: newId("user"), task: "x" };
    assert.equal((await user.from("todos").insert(other)).error?.code, "42501");
    assert.equal((await asUser(newId("user")).from("todos").select()).data.length, 0);
  });

  await t.step("own columns keep their defaults and their values", async () => {
    await mirror.send(sampleEvent("user.created", { data: { id: userId } }));
    await sql`update profiles set credits = 7, nickname = 'A' where id = ${userId}`;
    await mirror.send(sampleEvent("user.updated", {
      data: { id: userId, first_name: "Augusta" },
      at: Date.now() + 1000,
    }));
    const [profile] = await sql`
      select credits, nickname, greeting from profiles where id = ${userId}`;
    assert.deepEqual({ ...profile }, { credits: 7, nickname: "A", greeting: "Hello Augusta" });
  });

  await t.step("policies and the view follow the mirrored memberships", async () => {
    await mirror.send(membership);
    await sql`
      insert into projects (organization_id, name) values (${organization.id}, 'Engine')`;
    assert.equal((await user.from("projects").select()).data.length, 1);
    assert.equal((await user.from("members").select()).data.length, 1);
    assert.equal((await asUser(newId("user")).from("projects").select()).data.length, 0);
    assert.equal(
      (await user.from("projects").delete().eq("name", "Engine").select()).data.length,
      1,
    );
  });

  await t.step("triggers run once for each event that changes the row", async () => {
    await mirror.send({ ...membership, type: "organizationMembership.updated" });
    const count = async () =>
      (await sql`select members from member_counts`).map(({ members }) => members);
    assert.deepEqual(await count(), [1]);
    const written = await sql`
      select what from audit_log where user_id = ${userId} order by id`;
    assert.deepEqual(written.map(({ what }) => what), ["insert", "update", "update", "update"]);
    await mirror.send({ ...membership, type: "organizationMembership.deleted" });
    assert.deepEqual(await count(), [0]);
  });

  await t.step("changes are broadcast to the user's own topic", async () => {
    const heard = await sql`select distinct topic from realtime.messages order by topic`;
    assert.ok(heard.some(({ topic }) => topic === `user:${userId}`));
  });

  await t.step("a user is found by any of their addresses", async () => {
    const found = await sql`
      select id from profiles where identifiers @> '[{"value": "ada@example.com"}]'`;
    assert.deepEqual(found.map(({ id }) => id), [userId]);
  });

  await t.step(
    "a deleted user's row stays erased while a foreign key references it, and then goes",
    async () => {
      await mirror.send(sampleEvent("user.deleted", { data: { id: userId } }));
      const [row] = await sql`select email, nickname, credits, deleted_at from profiles`;
      assert.deepEqual(
        { ...row, deleted_at: row?.deleted_at !== null },
        { email: null, nickname: null, credits: 7, deleted_at: true },
      );
      await sql`delete from todos`;
      await sql`select public.prune_erased_rows()`;
      assert.equal((await sql`select from profiles`).length, 0);
    },
  );
});

Deno.test("every TypeScript block in docs/building-on-it.md type-checks against the generated types", async () => {
  const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-docs-" });
  try {
    const blocks = blocksOf("ts");
    assert.ok(blocks.length >= 5);
    const write = (name: string, content: string) =>
      Deno.writeTextFile(join(folder, name), content);
    // What the blocks use of Clerk's packages, after their published types: Next.js is too much to install.
    await write(
      "clerk.ts",
      `type GetToken = () => Promise<string | null>;
      export declare function auth(): Promise<{ userId: string | null; getToken: GetToken }>;
      export declare function useSession(): { session: { getToken: GetToken } | null | undefined };`,
    );
    await write(
      "deno.json",
      JSON.stringify({
        nodeModulesDir: "none",
        compilerOptions: config.compilerOptions,
        imports: {
          "@supabase/supabase-js": config.imports["@supabase/supabase-js"],
          "@clerk/nextjs/server": "./clerk.ts",
          "@clerk/react": "./clerk.ts",
        },
      }),
    );
    await Deno.copyFile(
      join(ROOT, "functions", "_shared", "database.types.ts"),
      join(folder, "database.types.ts"),
    );
    for (const [index, block] of blocks.entries()) await write(`block_${index}.ts`, block);
    const check = async () =>
      await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", ...blocks.map((_, index) => `block_${index}.ts`)],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
    const { success, stderr } = await check();
    assert.ok(success, new TextDecoder().decode(stderr));

    // The check can fail: a column that isn't there is found.
    await write(
      "block_0.ts",
      `import { createClient } from "@supabase/supabase-js";
      import type { Database } from "./database.types.ts";
      const { data } = await createClient<Database>("", "").from("profiles").select("id");
      console.log(data?.[0]?.no_such_column);`,
    );
    assert.ok(!(await check()).success);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
