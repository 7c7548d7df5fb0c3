/** A hosted project: the mirror is installed, upgraded and uninstalled through the Management API alone. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { join } from "node:path";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../tools/development/events/signed_request.ts";
import { deliver } from "../tools/development/events/deliver.ts";
import { runSupabase } from "../tools/development/stack/supabase_cli.ts";
import { projectCommand } from "../tools/commands/cli/task_command.ts";
import { startClerkApi } from "./helpers/clerk/api.ts";
import { readCatalog } from "./helpers/catalog.ts";
import { finish } from "./helpers/command.ts";
import {
  openHostedProject,
  openServedProject,
  packagedContents,
  readHistory,
  run,
} from "./helpers/hosted_project.ts";
import {
  type HostedFunction,
  type LoopbackManagement,
  PROJECT_REF,
  type SeenRequest,
  startManagementApi,
} from "./helpers/management_api.ts";
import { cut } from "./helpers/cut_management_api.ts";
import { readDescription, readFixture } from "./helpers/management_description.ts";
import { type Client, openOwnMirror } from "./helpers/mirror.ts";
import { type Project, startProjects } from "./helpers/projects.ts";
import { whileServing } from "./helpers/serve_deployment.ts";
import type { Contents } from "../tools/installing/sql/contents.ts";

const DOMAIN = "example.clerk.accounts.dev";
const ENDPOINT = `https://${PROJECT_REF}.supabase.co/functions/v1/clerk-webhook`;
const FUNCTIONS = ["clerk-effects", "clerk-reconcile", "clerk-refresh", "clerk-webhook"];

Deno.test("install sets up all of the mirror in a hosted project, and then has nothing to do", async (t) => {
  await using project = await openHostedProject();
  const { api, databaseUrl, sql } = project;
  const signingSecret = newSigningSecret();
  const variables = { CLERK_WEBHOOK_SIGNING_SECRET: signingSecret, EFFECT_TYPES: "user.updated" };

  await t.step("--dry-run shows the plan and changes nothing", async () => {
    const before = await readCatalog(databaseUrl);
    const { output, result } = await run("install", api, {
      variables,
      clerkDomain: DOMAIN,
      dryRun: true,
    });
    assert.match(output, /Project "Acme" \(abcdefghijklmnopqrst\)/);
    assert.match(output, /migration \d{14}_clerk_mirror/);
    assert.match(output, /Secrets of the functions: CLERK_WEBHOOK_SIGNING_SECRET, EFFECT_TYPES/);
    for (const name of FUNCTIONS) assert.match(output, new RegExp(`Function "${name}"`));
    assert.match(output, /third-party auth of https:\/\/example\.clerk\.accounts\.dev/);
    assert.match(output, /Nothing was changed/);
    assert.deepEqual(
      new Set(result.steps.map(({ state }: { state: string }) => state)),
      new Set(["to do"]),
    );
    assert.deepEqual(await readCatalog(databaseUrl), before);
    assert.equal(api.state.functions.size + api.state.secrets.size, 0);
  });

  await t.step("without a terminal it demands --yes, and changes nothing", async () => {
    await assert.rejects(run("install", api, { yes: false }), /Add "--yes".*Nothing was changed/);
    assert.deepEqual(await readHistory(sql), []);
  });

  await t.step("database, functions, secrets and third-party auth are set up", async () => {
    const { output, result } = await run("install", api, { variables, clerkDomain: DOMAIN });
    for (const step of ["database", "function clerk-webhook", "third-party auth"]) {
      assert.match(output, new RegExp(`^✓ ${step}$`, "m"));
    }
    assert.ok(output.includes(`for ${ENDPOINT}`), output);
    assert.match(output, /everything below user, session, organization, organizationMembership/);
    assert.equal(result.endpoint.url, ENDPOINT);
    assert.deepEqual([...api.state.functions.keys()].sort(), FUNCTIONS);
    for (const { metadata } of api.state.functions.values()) {
      assert.equal(metadata.verify_jwt, false);
    }
    assert.deepEqual(Object.fromEntries(api.state.secrets), variables);
    assert.deepEqual(api.state.thirdPartyAuth.map(({ issuer }) => issuer), [`https://${DOMAIN}`]);
    assert.equal(api.state.exposedSchemas, "public, graphql_public");
  });

  await t.step("the migration is in the history, whole, as the CLI writes it", async () => {
    const [row, ...others] = await sql`
      select version, name, statements from supabase_migrations.schema_migrations`;
    assert.deepEqual(others, []);
    assert.match(row?.version, /^20\d{12}$/);
    assert.equal(row?.name, "clerk_mirror");
    assert.match(row?.statements.join(""), /create table public\.profiles/);
  });

  await t.step(
    "the real CLI fetches the migration, and then has nothing to push",
    async () => {
      const folder = await Deno.makeTempDir({ prefix: "clerk-mirror-hosted-" });
      try {
        await Deno.mkdir(join(folder, "supabase"));
        await Deno.writeTextFile(join(folder, "supabase", "config.toml"), 'project_id = "acme"\n');
        const cli = async (...args: string[]) => {
          const { success, stdout, stderr } = await runSupabase([
            ...args,
            `--remote=${databaseUrl}`,
            `--workdir=${folder}`,
            "--yes",
          ]);
          assert.ok(success, stderr);
          return stdout + stderr;
        };
        await cli("migration", "fetch");
        const [file, ...others] = await Array.fromAsync(
          Deno.readDir(join(folder, "supabase", "migrations")),
        );
        assert.match(String(file?.name), /^20\d{12}_clerk_mirror\.sql$/);
        assert.deepEqual(others, []);
        assert.match(await cli("db", "push"), /up to date/i);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );

  await t.step("its notes in the database hold no secret", async () => {
    const notes = JSON.stringify(await sql`select * from clerk_sync.installation_steps`);
    assert.ok(!notes.includes(signingSecret.slice(6)) && !notes.includes(api.token), notes);
  });

  await t.step("run again, it has nothing to do and changes nothing", async () => {
    const { length } = api.requests;
    const { output } = await run("install", api, { variables, clerkDomain: DOMAIN, yes: false });
    assert.match(output, /Nothing to do/);
    const writes = api.requests.slice(length).filter(({ method, path }) =>
      method !== "GET" && path !== "/database/query"
    );
    assert.deepEqual(writes, []);
    assert.equal((await readHistory(sql)).length, 1);
  });

  await t.step("a changed secret of its own is set again", async () => {
    const rotated = `${signingSecret} ${newSigningSecret()}`;
    await run("install", api, { variables: { CLERK_WEBHOOK_SIGNING_SECRET: rotated } });
    assert.equal(api.state.secrets.get("CLERK_WEBHOOK_SIGNING_SECRET"), rotated);
  });

  await t.step("the API for partners is not used", () => {
    assert.ok(!api.requests.some(({ path }) => path.startsWith("/database/migrations")));
  });
});

for (
  const [where, options] of [
    ["in public", {}],
    ["under a prefix", { prefix: "clerk_" }],
    ["in a schema", { schema: "clerk" }],
  ] as const
) {
  Deno.test(`a mirror installed ${where} applies a signed event, and its row is read under row level security`, async () => {
    const naming = { schema: "public", prefix: "", ...options };
    await using project = await openServedProject(naming);
    const { api, mirror } = project;
    if (where !== "in public") {
      // As the application's own: the mirror's `sql` would call it by the mirror's names.
      const theirs = postgres(mirror.databaseUrl, { max: 1, onnotice: () => {} });
      await theirs`create table public.profiles (id uuid primary key)`;
      await theirs.end();
      await assert.rejects(
        run("install", api),
        /table public\.profiles[^]*install --project-ref \w+ --prefix clerk_[^]*--schema clerk[^]*Nothing was changed/,
      );
      assert.deepEqual(await readHistory(mirror.sql), []);
    }
    const signingSecret = newSigningSecret();
    await run("install", api, {
      ...options,
      variables: { CLERK_WEBHOOK_SIGNING_SECRET: signingSecret },
    });
    assert.equal(
      api.state.exposedSchemas,
      "schema" in options ? "public, graphql_public, clerk" : "public, graphql_public",
    );
    await mirror.stack.reconnect();

    const event = sampleEvent("user.created");
    const deployed = api.state.functions.get("clerk-webhook");
    assert.ok(deployed);
    await whileServing(Deno.execPath(), deployed, { ...mirror, signingSecret }, async (url) => {
      const answer = await deliver(signedRequest(url, signingSecret, JSON.stringify(event)));
      assert.equal(answer.outcome, "applied");
    });
    const read = (client: Client) =>
      client.schema(naming.schema as "public").from(`${naming.prefix}profiles` as "profiles")
        .select("id, email");
    const own = await read(mirror.asUser(String(event.data.id)));
    assert.deepEqual(own.data, [{ id: event.data.id, email: "ada@example.com" }]);
    assert.deepEqual((await read(mirror.asUser("user_other"))).data, []);
    assert.ok((await read(mirror.asAnon())).error);

    // Its naming is known by the database from then on.
    assert.match((await run("install", api)).output, /Nothing to do/);
    await assert.rejects(
      run("install", api, { schema: "elsewhere" }),
      /is installed in this project as .*can't become "elsewhere\./,
    );
  });
}

Deno.test("an install that is cut off at any request ends the same when it is run again", async () => {
  await using projects = await startProjects();
  const naming = { schema: "clerk" };
  const options = {
    ...naming,
    clerkDomain: DOMAIN,
    variables: { CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret() },
  };
  const whole = await installInto(await projects.open(), async (api) => {
    await run("install", api, options);
  });
  const first = whole.requests.findIndex(({ path }, index) =>
    path === "/database/query" &&
    whole.requests[index - 1]?.path === "/config/auth/third-party-auth"
  );
  assert.ok(first > 5 && whole.requests.length > first + 8);

  for (const kind of ["cut after", "refused"] as const) {
    // What was done before a refusal, the connection that breaks one request earlier shows as well.
    const last = kind === "refused" ? first + 1 : whole.requests.length;
    for (let number = first + 1; number <= last; number++) {
      const resumed = await installInto(await projects.open(), async (api) => {
        api.setTrouble((request) => {
          if (request.number < number) return undefined;
          if (kind === "refused") return { status: 503 };
          // What was done is done once; from then on nothing gets through.
          return request.number === number ? kind : "cut before";
        });
        await assert.rejects(
          run("install", api, options),
          /Done: .*\nNot done: .*\nRun the same command again/,
          `${kind} at ${number}`,
        );
        api.setTrouble(undefined);
        await run("install", api, options);
        assert.match((await run("install", api, options)).output, /Nothing to do/);
      });
      assert.deepEqual(resumed.state, whole.state, `${kind} at ${number}`);
    }
  }
});

Deno.test("install after a database reset restores the database, and keeps the functions", async () => {
  await using project = await openHostedProject();
  const { api, sql } = project;
  const variables = { CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret() };
  await run("install", api, { variables, clerkDomain: DOMAIN });
  await reset(sql);
  const { output } = await run("install", api, { variables, clerkDomain: DOMAIN });
  assert.match(output, /^✓ database$/m);
  assert.match(output, /Function "clerk-webhook": already there/);
  assert.match((await run("install", api, { variables })).output, /Nothing to do/);
});

Deno.test("install names functions and secrets that aren't the mirror's, and needs --force to replace them", async () => {
  await using project = await openHostedProject();
  const { api, sql } = project;
  const theirs = theirFunction();
  api.state.functions.set("clerk-webhook", theirs);
  api.state.secrets.set("CLERK_SECRET_KEY", "sk_test_theirs");
  const variables = {
    CLERK_SECRET_KEY: `sk_test_${"1".repeat(42)}`,
    CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret(),
  };
  await assert.rejects(
    run("install", api, { variables }),
    /function clerk-webhook: [^]*secret CLERK_SECRET_KEY: [^]*"--force"[^]*Nothing was changed/,
  );
  assert.equal(api.state.functions.get("clerk-webhook"), theirs);
  assert.deepEqual(await readHistory(sql), []);

  await run("install", api, { variables, force: true });
  assert.equal(api.state.functions.get("clerk-webhook")?.version, 4);
  assert.equal(api.state.secrets.get("CLERK_SECRET_KEY"), variables.CLERK_SECRET_KEY);

  // Deployed anew by somebody, it is theirs again.
  api.state.functions.set("clerk-webhook", theirs);
  await assert.rejects(run("install", api, { variables }), /function clerk-webhook/);
});

Deno.test("install recognizes its functions by notes in the database if the API hides their entrypoints", async () => {
  await using project = await openHostedProject({ tellsEntrypoint: false });
  await run("install", project.api);
  assert.match((await run("install", project.api)).output, /Nothing to do/);
});

Deno.test("install dates its migration after the last one in the history", async () => {
  await using project = await openHostedProject();
  const { api, sql } = project;
  await sql`create schema supabase_migrations`;
  await sql`
    create table supabase_migrations.schema_migrations (version text not null primary key)`;
  for (const version of ["0001", "20991231235959"]) {
    await sql`insert into supabase_migrations.schema_migrations values (${version})`;
  }
  await run("install", api);
  assert.deepEqual((await readHistory(sql)).at(-1), {
    version: "21000101000000",
    name: "clerk_mirror",
  });
});

Deno.test("install explains what is wrong with token, project or API, and changes nothing", async (t) => {
  await using project = await openHostedProject();
  const { api, databaseUrl } = project;
  const before = await readCatalog(databaseUrl);
  const fails = async (
    name: string,
    complaint: RegExp,
    prepare: () => Parameters<typeof run>[2] | void,
  ) => {
    await t.step(name, async () => {
      api.setTrouble(undefined);
      await assert.rejects(run("install", api, prepare() ?? {}), complaint);
      api.state.status = "ACTIVE_HEALTHY";
      api.state.health = {};
      api.state.exposedSchemas = "public";
    });
  };
  await fails("a wrong token", /refuses the access token: it is wrong, expired or revoked/, () => ({
    token: "sbp_wrong",
  }));
  await fails("an unknown project", /There is no project "tsrqponmlkjihgfedcba" that this/, () => ({
    projectRef: "tsrqponmlkjihgfedcba",
  }));
  await fails(
    "somebody else's project",
    /There is no project .* that this access token may/,
    () => {
      api.setTrouble(() => ({ status: 403, message: "Forbidden" }));
    },
  );
  await fails("a paused project", /"Acme" is paused\. Restore it/, () => {
    api.state.status = "INACTIVE";
  });
  await fails("a project that is still starting", /not ready: its status is "COMING_UP"/, () => {
    api.state.status = "COMING_UP";
  });
  await fails("an unhealthy database", /is unhealthy: db \(UNHEALTHY\)/, () => {
    api.state.health = { db: "UNHEALTHY" };
  });
  await fails("an API that exposes nothing", /doesn't expose the schema "public"/, () => {
    api.state.exposedSchemas = "";
  });
  await fails(
    "a query that only partners may make",
    /query the database: the access token's account may not/,
    () => {
      api.setTrouble(({ path }) =>
        path === "/database/query"
          ? { status: 403, message: `Only for partners, not for ${api.token}` }
          : undefined
      );
    },
  );
  await fails("a rate limit that stays", /too many requests from this account/, () => {
    api.setTrouble(() => ({ status: 429, retryAfter: 0 }));
  });
  await fails("a rate limit of an hour", /too many requests from this account/, () => {
    api.setTrouble(() => ({ status: 429, retryAfter: 3600 }));
  });
  await fails("a server that is down", /Supabase answers 503/, () => {
    api.setTrouble(() => ({ status: 503 }));
  });
  await fails("a server that is silent", /did not answer within 0\.2 seconds/, () => {
    api.setTrouble(() => "hang");
    return { timeout: 200 };
  });
  await fails("a connection that breaks", /can't be reached, or broke the connection/, () => {
    api.setTrouble(() => "cut before");
  });
  await fails("a secret that the function would refuse", /not "whsec_" and base64/, () => ({
    variables: { CLERK_WEBHOOK_SIGNING_SECRET: "whsec_?" },
  }));
  await fails("an invalid domain", /"--clerk-domain nonsense" is not a domain/, () => ({
    clerkDomain: "nonsense",
  }));
  await fails("an invalid publishable key", /CLERK_PUBLISHABLE_KEY: This is not/, () => ({
    variables: { CLERK_PUBLISHABLE_KEY: "pk_test_none" },
  }));
  assert.deepEqual(await readCatalog(databaseUrl), before);
  assert.deepEqual(
    api.requests.filter(({ method, path }) => method !== "GET" && path !== "/database/query"),
    [],
  );
});

Deno.test("install retries after a rate limit, a server error and a broken connection", async () => {
  await using project = await openHostedProject();
  const { api } = project;
  const seen = new Set<string>();
  api.setTrouble(({ method, path }) => {
    if (seen.has(path) || path === "/database/query") return undefined;
    seen.add(path);
    if (path.startsWith("/functions/deploy")) return "cut after";
    return method === "POST" ? { status: 429, retryAfter: 0 } : { status: 502 };
  });
  await run("install", api, { clerkDomain: DOMAIN });
  assert.deepEqual(api.state.thirdPartyAuth.map(({ issuer }) => issuer), [`https://${DOMAIN}`]);
  assert.equal(api.state.functions.size, FUNCTIONS.length);
});

Deno.test("install reads the domain from Clerk's publishable key", async () => {
  await using project = await openHostedProject();
  const key = `pk_test_${btoa(`${DOMAIN}$`)}`;
  await run("install", project.api, { variables: { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: key } });
  assert.deepEqual(
    project.api.state.thirdPartyAuth.map(({ issuer }) => issuer),
    [`https://${DOMAIN}`],
  );
});

Deno.test("install creates the endpoint where Clerk offers that, and sets its signing secret", async () => {
  await using project = await openHostedProject();
  await using clerk = startClerkApi({ offersEndpoints: true });
  const { api } = project;
  const variables = { CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  const { output, result } = await run("install", api, { variables });
  const [endpoint, ...others] = clerk.webhooks.endpoints;
  assert.deepEqual([endpoint?.url, others], [ENDPOINT, []]);
  assert.ok(endpoint?.filter_types.includes("organizationMembership.deleted"));
  assert.equal(api.state.secrets.get("CLERK_WEBHOOK_SIGNING_SECRET"), endpoint?.signing_secret);
  assert.ok(!output.includes(endpoint?.signing_secret ?? ""));
  assert.equal(result.endpoint.state, "created");

  await run("install", api, { variables });
  assert.equal(clerk.webhooks.endpoints.length, 1);
});

Deno.test("install shows a link to create the endpoint where Clerk doesn't offer that", async () => {
  await using project = await openHostedProject();
  await using clerk = startClerkApi();
  const variables = { CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  for (const hadApp of [false, true]) {
    assert.equal(clerk.webhooks.hasApp, hadApp);
    const { output } = await run("install", project.api, { variables });
    assert.match(output, /with this link.*: https:\/\/app\.svix\.com\/login#key=/);
    assert.ok(output.includes(`URL: ${ENDPOINT}`));
    assert.match(output, /Give its Signing Secret to the functions/);
  }
});

Deno.test("install goes on if Clerk refuses the CLERK_SECRET_KEY", async () => {
  await using project = await openHostedProject();
  await using clerk = startClerkApi();
  const { output } = await run("install", project.api, {
    variables: { CLERK_SECRET_KEY: `sk_test_${"9".repeat(42)}`, CLERK_API_URL: clerk.url },
  });
  assert.match(output, /could not be asked for a link: Clerk refuses the CLERK_SECRET_KEY/);
});

Deno.test("install --json prints JSON alone on standard output, and never the access token", async () => {
  await using project = await openHostedProject();
  const { api } = project;
  const command = (...args: string[]) =>
    projectCommand(
      ["run", "-A", "tools/main.ts", "install", `--project-ref=${PROJECT_REF}`, ...args],
      {
        SUPABASE_ACCESS_TOKEN: api.token,
        SUPABASE_API_URL: api.url,
        MIRROR_ENV_FILE: "none",
        CLERK_SECRET_KEY: "",
        CLERK_WEBHOOK_SIGNING_SECRET: "",
      },
    );
  const { code, stdout, stderr } = await command("--json", "-y").output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stderr));
  const result = JSON.parse(decoder.decode(stdout));
  assert.deepEqual(
    [result.project, result.schema, result.steps[0].state, result.signing_secret_is_set],
    [PROJECT_REF, "public", "done", false],
  );
  assert.ok(!(decoder.decode(stdout) + decoder.decode(stderr)).includes(api.token));

  const refused = await finish(command("--api-url=http://example.com"));
  assert.deepEqual([refused.code, /is not an https address/.test(refused.output)], [1, true]);
});

Deno.test("upgrade applies each missing release as a whole, and replaces the functions that differ", async (t) => {
  await using project = await openHostedProject();
  const { api, sql } = project;
  const now = await packagedContents();
  const next = laterContents(now);

  await t.step("a project without the mirror is refused", async () => {
    await assert.rejects(
      run("upgrade", api),
      /is not installed in the project "Acme"\. Run ".*install/,
    );
  });
  await run("install", api, { prefix: "clerk_" });
  const [installed] = await readHistory(sql);

  await t.step("a project of the same release has nothing to do", async () => {
    assert.match((await run("upgrade", api)).output, /Nothing to do/);
  });
  await t.step("install refers to upgrade", async () => {
    await assert.rejects(
      run("install", api, { contents: next }),
      /this is 99\.1\.0\. Run ".*upgrade/,
    );
  });
  await t.step("--dry-run changes nothing", async () => {
    const { output } = await run("upgrade", api, { contents: next, dryRun: true });
    assert.match(output, /release 99\.0\.0: migration \d{14}_clerk_mirror_99_0_0/);
    assert.match(output, /"clerk-webhook", replaced by this release's/);
    assert.match(output, /"clerk-effects": already there/);
    assert.deepEqual(await readHistory(sql), [installed]);
  });
  await t.step(
    "cut off between two releases, it keeps the first, and goes on from there",
    async () => {
      let writes = 0;
      api.setTrouble(({ path, method }) => {
        if (path === "/database/query" && method === "POST") writes++;
        return writes > 4 ? { status: 500 } : undefined;
      });
      await assert.rejects(
        run("upgrade", api, { contents: next }),
        /Done: release 99\.0\.0\.\nNot done: release 99\.1\.0, function clerk-webhook\./,
      );
      api.setTrouble(undefined);
      await run("upgrade", api, { contents: next });
      const history = await readHistory(sql);
      assert.deepEqual(
        history.map(({ name }) => name),
        ["clerk_mirror", "clerk_mirror_99_0_0", "clerk_mirror_99_1_0"],
      );
      const [note] = await sql`
      select detail from clerk_sync.installation_steps where step = 'database'`;
      assert.deepEqual(note?.detail.versions, history.map(({ version }) => version));
      assert.deepEqual(
        [...api.state.functions].map(([name, { version }]) => [name, version]).sort(),
        [["clerk-effects", 1], ["clerk-reconcile", 1], ["clerk-refresh", 1], ["clerk-webhook", 2]],
      );
      const [table] = await sql`select to_regclass('public.clerk_later_things') as name`;
      assert.equal(table?.name, "clerk_later_things");
    },
  );
  await t.step("a package that is older than the project is refused", async () => {
    for (const command of ["install", "upgrade"] as const) {
      await assert.rejects(run(command, api), /release 99\.1\.0, which is newer than this one/);
    }
  });
});

Deno.test("a release that fails leaves the database at the one before", async () => {
  await using project = await openHostedProject();
  const { api, databaseUrl, sql } = project;
  await run("install", api);
  const before = await readCatalog(databaseUrl);
  const now = await packagedContents();
  const half = "create table public.half (id text);\nselect 1 / 0;";
  await assert.rejects(
    run("upgrade", api, {
      contents: { ...now, releases: [...now.releases, { version: "99.0.0", sql: half }] },
    }),
    /division by zero[^]*Done: nothing/,
  );
  assert.deepEqual(await readCatalog(databaseUrl), before);
  assert.equal((await readHistory(sql)).length, 1);
});

Deno.test("uninstall leaves the database and the API as they were before", async (t) => {
  const naming = { schema: "clerk", prefix: "" };
  await using project = await openServedProject(naming);
  const { api, databaseUrl, mirror, sql } = project;
  await sql`create table public.todos (id bigint primary key, user_id text)`;
  api.state.functions.set("hello", theirFunction());
  api.state.secrets.set("OPENAI_API_KEY", "theirs");
  api.state.secrets.set("CLERK_SECRET_KEY", `sk_test_${"1".repeat(42)}`);
  api.state.thirdPartyAuth.push({ id: crypto.randomUUID(), issuer: "https://login.example.com" });
  api.state.exposedSchemas = "public,graphql_public";
  const before = { catalog: await readCatalog(databaseUrl), state: structuredClone(api.state) };
  const install = () =>
    run("install", api, {
      schema: "clerk",
      clerkDomain: DOMAIN,
      variables: {
        CLERK_SECRET_KEY: `sk_test_${"1".repeat(42)}`,
        CLERK_API_URL: "http://127.0.0.1:9",
        CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret(),
      },
    });

  await t.step("without the mirror there is nothing to do", async () => {
    assert.match((await run("uninstall", api)).output, /Nothing to do/);
    assert.deepEqual(api.state, before.state);
  });
  await t.step(
    "what depends on the mirror is named, with the statements that let go of it",
    async () => {
      await install();
      assert.equal(api.state.exposedSchemas, "public,graphql_public,clerk");
      await mirror.stack.reconnect();
      for (const event of [sampleEvent("user.created"), sampleEvent("user.created")]) {
        assert.equal((await mirror.send(event)).outcome, "applied");
      }
      await sql`alter table public.todos add constraint todos_user_id_fkey
      foreign key (user_id) references clerk.profiles (id)`;
      await assert.rejects(
        run("uninstall", api),
        /todos_user_id_fkey[^]*alter table public\.todos drop constraint todos_user_id_fkey[^]*Nothing was changed/,
      );
      assert.equal(api.state.functions.size, FUNCTIONS.length + 1);
      await sql`alter table public.todos drop constraint todos_user_id_fkey`;
    },
  );
  await t.step(
    "--dry-run shows what goes, with its rows, and without a terminal it demands --yes",
    async () => {
      const { output } = await run("uninstall", api, { dryRun: true });
      assert.match(output, /clerk\.profiles: 2 rows/);
      assert.match(output, /Function "clerk-webhook"/);
      assert.match(output, /Secrets of the functions: CLERK_API_URL, CLERK_WEBHOOK_SIGNING_SECRET/);
      assert.match(output, /Schema "clerk" among those that the API exposes/);
      assert.doesNotMatch(output, /hello|OPENAI|CLERK_SECRET_KEY|login\.example/);
      await assert.rejects(run("uninstall", api, { yes: false }), /Add "--yes"/);
      assert.equal(api.state.functions.size, FUNCTIONS.length + 1);
    },
  );
  await t.step("everything is as before", async () => {
    await run("uninstall", api);
    assert.deepEqual(await readCatalog(databaseUrl), before.catalog);
    assert.deepEqual(api.state, before.state);
    assert.deepEqual(await readHistory(sql), []);
    assert.match((await run("uninstall", api)).output, /Nothing to do/);
  });
  await t.step("it can be installed and uninstalled again", async () => {
    await install();
    await run("uninstall", api);
    assert.deepEqual(await readCatalog(databaseUrl), before.catalog);
  });
});

Deno.test("an uninstall that is cut off at any request ends the same when it is run again", async () => {
  await using projects = await startProjects();
  const options = {
    schema: "clerk",
    clerkDomain: DOMAIN,
    variables: { CLERK_WEBHOOK_SIGNING_SECRET: newSigningSecret() },
  };
  const remove = async (use: (api: LoopbackManagement) => Promise<void>) => {
    const { databaseUrl, sql } = await projects.open();
    await using api = await startManagementApi({ databaseUrl });
    await run("install", api, options);
    await use(api);
    const catalog = await readCatalog(databaseUrl);
    const history = await readHistory(sql);
    return { catalog, history, state: api.state };
  };
  let writes = 0;
  const isWrite = ({ method, path }: SeenRequest) => method !== "GET" && path !== "/database/query";
  const whole = await remove(async (api) => {
    const { length } = api.requests;
    await run("uninstall", api);
    // And the database, which goes last.
    writes = api.requests.slice(length).filter(isWrite).length + 1;
  });
  assert.ok(writes >= 7);

  for (const kind of ["cut after", "refused"] as const) {
    const last = kind === "refused" ? 1 : writes;
    for (let number = 1; number <= last; number++) {
      const resumed = await remove(async (api) => {
        let seen = 0;
        let isDown = false;
        api.setTrouble((request) => {
          if (isDown) return "cut before";
          if (isWrite(request)) seen++;
          else if (seen === writes - 1 && request.path === "/database/query") seen++;
          if (seen < number) return undefined;
          isDown = true;
          return kind === "refused" ? { status: 500 } : kind;
        });
        await assert.rejects(run("uninstall", api), /Not done: .*\nRun the same command again/);
        api.setTrouble(undefined);
        await run("uninstall", api);
      });
      assert.deepEqual(resumed, whole, `${kind} at ${number}`);
    }
  }
});

Deno.test("uninstall after a database reset still recognizes and removes the mirror's functions", async () => {
  await using project = await openHostedProject();
  const { api, sql } = project;
  await run("install", api);
  await reset(sql);
  api.state.functions.set("hello", theirFunction());
  const { output } = await run("uninstall", api);
  assert.match(output, /has none of the mirror's tables/);
  assert.deepEqual([...api.state.functions.keys()], ["hello"]);
});

Deno.test("upgrade and uninstall leave tables alone that came with migration files", async () => {
  await using mirror = await openOwnMirror();
  await using api = await startManagementApi({ databaseUrl: mirror.databaseUrl });
  api.state.functions.set("clerk-webhook", theirFunction());
  const next = laterContents(await packagedContents());
  await assert.rejects(
    run("upgrade", api, { contents: next, force: true }),
    /came into this project with migration files\. Run ".*upgrade"/,
  );
  const before = await readCatalog(mirror.databaseUrl);
  const { output } = await run("uninstall", api);
  assert.match(output, /The tables stay: they came with the project's own migration files/);
  assert.match(output, /Function "clerk-webhook" stays: it was deployed by other means/);
  assert.deepEqual(await readCatalog(mirror.databaseUrl), before);
  assert.equal(api.state.functions.size, 1);
});

Deno.test("the tests' copy of the Management API's description matches the published one", async () => {
  const published = await readDescription();
  if (published !== undefined) assert.deepEqual(await readFixture(), cut(published));
});

/** A function that isn't the mirror's. */
function theirFunction(): HostedFunction {
  return {
    metadata: { entrypoint_path: "index.ts", import_map_path: "deno.json", verify_jwt: true },
    files: new Map(),
    version: 3,
  };
}

/** Two made-up releases on top of what there is, with one function changed. */
function laterContents({ releases, functions }: Contents): Contents {
  const release = (version: string, sql: string) => ({
    version,
    sql: `${sql}\ninsert into clerk_sync.releases (version) values ('${version}');\n`,
  });
  return {
    version: "99.1.0",
    releases: [
      ...releases,
      release("99.0.0", "create table public.later_things (id text primary key);"),
      release("99.1.0", "alter table public.later_things add column name text;"),
    ],
    functions: functions.map(({ name, code }) => ({
      name,
      code: name === "clerk-webhook" ? `${code}\n// later\n` : code,
    })),
  };
}

/** Installs into a database by an API of its own, and tells what came of it. */
async function installInto(
  { databaseUrl, sql }: Project,
  use: (api: Awaited<ReturnType<typeof startManagementApi>>) => Promise<void>,
) {
  await using api = await startManagementApi({ databaseUrl });
  await use(api);
  const [history, ...others] = await readHistory(sql);
  const steps = await sql`select step from clerk_sync.installation_steps order by step`;
  const catalog = await readCatalog(databaseUrl);
  const { functions, secrets, thirdPartyAuth, exposedSchemas } = api.state;
  return {
    requests: [...api.requests],
    state: {
      functions: [...functions].map(([name, { metadata }]) => [name, metadata]),
      secrets: [...secrets],
      issuers: thirdPartyAuth.map(({ issuer }) => issuer),
      exposedSchemas,
      history: history?.name,
      others,
      steps: steps.map(({ step }) => step),
      catalog,
    },
  };
}

/** What `supabase db reset` leaves of a project. */
async function reset(sql: postgres.Sql): Promise<void> {
  const drops = await sql<{ statement: string }[]>`
    select format('drop view public.%I', relname) as statement, 1 as place
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
    union all
    select format('drop table public.%I cascade', relname), 2
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    union all
    select format('drop function if exists %s cascade', oid::regprocedure), 3
    from pg_proc where pronamespace = 'public'::regnamespace
    order by place`;
  await sql.unsafe([
    ...drops.map(({ statement }) => statement),
    "drop schema clerk_sync cascade",
    "drop schema supabase_migrations cascade",
  ].join(";"));
}
