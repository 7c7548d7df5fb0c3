/** `install --schedule`: Supabase looks after the mirror of a hosted project until it is uninstalled. */
import assert from "node:assert/strict";
import { openServedProject, run } from "./helpers/hosted_project.ts";
import { PROJECT_REF } from "./helpers/management_api.ts";
import { addScheduler } from "./helpers/scheduler.ts";

const NAMING = { schema: "public", prefix: "" };

Deno.test("install --schedule uses the project's own secret key, and uninstall removes the schedule", async () => {
  await using project = await openServedProject(NAMING);
  const { api, sql, mirror } = project;
  const { output } = await run("install", api);
  assert.match(output, /Let Supabase look after the mirror: .* --schedule$/m);

  const scheduler = await addScheduler(mirror);
  const scheduled = await run("install", api, { schedule: true });
  assert.match(scheduled.output, /^✓ schedule$/m);
  assert.doesNotMatch(scheduled.output, /sb_secret|--schedule/);
  assert.equal((await scheduler.jobs()).length, 3);
  const [row] = await sql`
    select project_url, (select decrypted_secret from vault.decrypted_secrets) as key
    from clerk_sync.schedules`;
  assert.deepEqual({ ...row }, {
    project_url: `https://${PROJECT_REF}.supabase.co`,
    key: "sb_secret_of_the_project",
  });
  assert.match((await run("install", api, { schedule: true })).output, /Nothing to do/);

  await run("uninstall", api);
  assert.deepEqual(await scheduler.jobs(), []);
  assert.equal((await sql`select from vault.secrets`).length, 0);
});

Deno.test("install --schedule says what is missing, and installs the mirror all the same", async () => {
  await using project = await openServedProject(NAMING);
  const { api, sql } = project;
  await assert.rejects(
    run("install", api, { schedule: true }),
    /needs the extension "pg_cron"[^]*Done: database, [^]*Not done: schedule/,
  );
  assert.equal((await sql`select from clerk_sync.releases`).length > 0, true);

  api.state.apiKeys = [{ name: "anon", type: "legacy", api_key: "eyJ" }];
  await assert.rejects(
    run("install", api, { schedule: true }),
    /has no readable secret key/,
  );
});
