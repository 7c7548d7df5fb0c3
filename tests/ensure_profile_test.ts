/** A profile before its webhook: the caller's own, nobody else's, and never a deleted user's. */
import assert from "node:assert/strict";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { type Client, type Mirror, openMirror, openOwnMirror } from "./helpers/mirror.ts";
import { test } from "./helpers/naming.ts";

async function profileOf({ sql }: Mirror, id: string) {
  const [row] = await sql`
    select email, synced_at, (version).updated_at::text as rank from profiles where id = ${id}`;
  return row && { ...row };
}

const ensure = async (client: Client) => {
  const { data, error } = await client.rpc("ensure_profile");
  assert.equal(error, null);
  return data?.[0];
};

Deno.test("ensure_profile() creates a placeholder for the caller if there is none, and returns the profile", async () => {
  await using mirror = await openMirror();
  const id = newId("user");
  const client = mirror.asUser(id);
  const made = await ensure(client);
  assert.deepEqual([made?.id, made?.email, made?.synced_at], [id, null, null]);
  assert.deepEqual(await profileOf(mirror, id), {
    email: null,
    synced_at: null,
    rank: "-infinity",
  });
  // The webhook fills it, and another call leaves it alone.
  await mirror.send(sampleEvent("user.created", { data: { id } }));
  assert.equal((await ensure(client))?.email, "ada@example.com");
  assert.equal((await profileOf(mirror, id))?.email, "ada@example.com");
});

test.underOwnNames("ensure_profile() copies no claims, and creates nothing for others or without a Clerk user id", async () => {
  await using mirror = await openOwnMirror();
  const id = newId("user");
  await ensure(mirror.asUser(id, { email: "chosen@example.com", first_name: "Mallory" }));
  const [row] = await mirror.sql`
    select count(*)::integer, max(jsonb_strip_nulls(to_jsonb(profiles) - 'version')::text) from profiles`;
  assert.deepEqual({ ...row }, { count: 1, max: JSON.stringify({ id }).replace(":", ": ") });
  // Supabase's own users have uuids; other ids are nobody's.
  for (const sub of [crypto.randomUUID(), "", "user_", "org_123", "user_1'; drop table profiles"]) {
    // As the REST API does it; the one of the tests looks for uuids in a table of its own.
    const rows = await mirror.sql.begin(async (sql) => {
      await sql`set local role authenticated`;
      await sql`select set_config('request.jwt.claims', ${JSON.stringify({ sub })}, true)`;
      return await sql`select * from public.ensure_profile()`;
    });
    assert.deepEqual([...rows], []);
  }
  assert.equal((await mirror.sql`select from profiles`).length, 1);
  assert.equal((await mirror.asAnon().rpc("ensure_profile")).error?.code, "42501");
});

test.underOwnNames("ensure_profile() neither recreates a deleted user's profile nor returns an erased one", async () => {
  await using mirror = await openOwnMirror();
  for (const isHeld of [false, true]) {
    const id = newId("user");
    await ensure(mirror.asUser(id));
    await mirror
      .sql`create table if not exists public.todos (user_id text references profiles (id))`;
    if (isHeld) await mirror.sql`insert into public.todos values (${id})`;
    await mirror.send(sampleEvent("user.deleted", { data: { id } }));
    assert.equal(await ensure(mirror.asUser(id)), undefined);
    assert.equal((await profileOf(mirror, id)) !== undefined, isHeld);
  }
});

test.underOwnNames("50 concurrent ensure_profile() calls never fail beside user.created and user.deleted", async () => {
  await using mirror = await openOwnMirror();
  for (const events of [["user.created"], ["user.created", "user.deleted"]]) {
    for (let round = 0; round < 5; round++) {
      const id = newId("user");
      const client = mirror.asUser(id);
      const answers = await Promise.all([
        ...Array.from({ length: 50 }, () => client.rpc("ensure_profile")),
        ...events.map((type) => mirror.send(sampleEvent(type, { data: { id } }))),
      ]);
      for (const answer of answers) {
        if ("error" in answer) assert.equal(answer.error, null);
        else assert.equal(answer.status, 200);
      }
      const isDeleted = events.includes("user.deleted");
      assert.equal((await profileOf(mirror, id))?.email, isDeleted ? undefined : "ada@example.com");
      assert.equal((await ensure(client))?.id, isDeleted ? undefined : id);
    }
  }
});

Deno.test("the trigger ensure_profile_of_row() creates the caller's own profile, and nobody else's", async () => {
  await using mirror = await openOwnMirror();
  await mirror.sql.unsafe(`
    create table public.todos (
      id bigint generated always as identity primary key,
      user_id text not null references profiles (id),
      task text
    );
    alter table public.todos enable row level security;
    grant select, insert on public.todos to authenticated;
    create policy "Users manage their todos" on public.todos for all to authenticated
      using (user_id = (select clerk_sync.user_id())) with check (true);
    create trigger ensure_profile before insert on public.todos
      for each row execute function clerk_sync.ensure_profile_of_row();
    create table public.notes (owner text not null references profiles (id));
    grant insert on public.notes to authenticated;
    create trigger ensure_profile before insert on public.notes
      for each row execute function clerk_sync.ensure_profile_of_row('owner');
  `);
  await mirror.stack.reconnect();
  const id = newId("user");
  const client = mirror.asUser(id).schema("public");
  const insert = (table: string, row: Record<string, string>) =>
    // deno-lint-ignore no-explicit-any -- a table of the test's own
    (client as any).from(table).insert(row);
  assert.equal((await insert("todos", { user_id: id, task: "buy milk" })).error, null);
  assert.deepEqual((await profileOf(mirror, id))?.rank, "-infinity");
  const other = newId("user");
  assert.equal((await insert("todos", { user_id: other })).error?.code, "23503");
  assert.equal(await profileOf(mirror, other), undefined);
  const second = newId("user");
  // deno-lint-ignore no-explicit-any -- a table of the test's own
  const noted = await (mirror.asUser(second).schema("public") as any).from("notes").insert({
    owner: second,
  });
  assert.equal(noted.error, null);
});
