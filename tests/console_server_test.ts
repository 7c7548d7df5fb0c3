/**
 * The console's server: what it answers to its own page, and what it refuses to everything else on the
 * machine.
 */
import assert from "node:assert/strict";
import { taskCommand } from "../tools/commands/cli/task_command.ts";
import type { StatusLine } from "../tools/commands/status/status_report.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent, sampleTypes } from "../tools/development/events/sample_event.ts";
import type {
  DeadLetters,
  Effects,
  EventCounts,
  EventPage,
  FoundObjects,
  NewEvents,
  ObjectDetail,
  ProjectInfo,
  ReplayResults,
  RetryResults,
  SendResults,
  StatusAnswer,
  ViewAs,
} from "../tools/console/shapes.ts";
import { finish } from "./helpers/command.ts";
import { jsonRequest, openConsole, sendRaw, type TestedConsole } from "./helpers/console.ts";
import { commandEnv, type Mirror, openMirror, openOwnMirror } from "./helpers/mirror.ts";

/** Every address that answers a `GET`, with what it needs. */
const QUESTIONS = [
  "/api/project",
  "/api/events",
  "/api/counts?window=hour",
  "/api/counts?window=day",
  "/api/objects?query=ada",
  "/api/view-as?user=user_1",
  "/api/dead-letters",
  "/api/effects",
  "/api/status",
];

/** An event of which a required field is not what it should be. */
function malformed(data: Record<string, unknown> = {}) {
  return sampleEvent("user.created", { data: { created_at: "yesterday", ...data } });
}

/** What only the server may know; the page has the token from its link, and never from an answer. */
function secretsOf({ keys, signingSecret, databaseUrl }: Mirror, { token }: TestedConsole) {
  return [keys.secretKey, keys.jwtSecret, signingSecret, databaseUrl, token];
}

/** The status and the sentence of an error. */
async function errorOf(response: Response): Promise<{ status: number; error: string }> {
  const { error } = await response.json();
  assert.equal(typeof error, "string");
  return { status: response.status, error };
}

/** Everything in the ledger, page by page. */
async function readAllEvents(served: TestedConsole, filters: string, limit: number) {
  const events = [];
  let before: string | null = "";
  do {
    const page: EventPage = await served.get(
      `/api/events?${filters}&limit=${limit}&before=${encodeURIComponent(before)}`,
    );
    events.push(...page.events);
    before = page.before;
  } while (before !== null);
  return events;
}

Deno.test("only the page and its files are served without a token, under a strict content security policy", async () => {
  await using mirror = await openMirror();
  await using served = await openConsole(mirror);
  for (const path of ["/", "/app.js", "/app.css"]) {
    const response = await fetch(new URL(path, served.url));
    assert.equal(response.status, 200, path);
    assert.ok((await response.text()).length > 100, path);
    assert.equal(
      response.headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
        "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("referrer-policy"), "no-referrer");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("cross-origin-resource-policy"), "same-origin");
  }
  assert.match((await fetch(served.url)).headers.get("content-type") ?? "", /^text\/html/);
  for (const path of ["/deno.json", "/.env", "/..%2f..%2fdeno.json", "/api"]) {
    const { status } = await errorOf(await fetch(new URL(path, served.url)));
    assert.equal(status, 404, path);
  }
  const head = await fetch(served.url, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.equal((await errorOf(await fetch(served.url, { method: "PUT" }))).status, 405);
});

Deno.test("every request to the API is refused with 401 without the exact token", async () => {
  await using mirror = await openMirror();
  await using served = await openConsole(mirror, "dev");
  const { token } = served;
  assert.match(token, /^[\w-]{43}$/);
  assert.equal(served.link, `${served.url}#token=${token}`);
  const wrong = [
    undefined,
    "",
    token.slice(0, -1),
    `${token}a`,
    token.toUpperCase(),
    "x".repeat(43),
  ];
  for (const path of [...QUESTIONS, "/api/send", "/api/dead-letters/replay", "/api/nothing"]) {
    for (const given of wrong) {
      const response = await fetch(new URL(path, served.url), {
        ...(path.includes("send") || path.includes("replay") ? jsonRequest({ ids: "all" }) : {}),
        headers: given === undefined ? {} : { "x-console-token": given },
      });
      const { status, error } = await errorOf(response);
      assert.equal(status, 401, `${path} with ${given}`);
      assert.ok(!error.includes(token));
    }
  }
  await using other = await openConsole(mirror);
  assert.notEqual(other.token, token, "each has its own");
});

Deno.test("requests with a foreign host, a rebound name or another site's origin are refused", async () => {
  await using mirror = await openMirror();
  await using served = await openConsole(mirror);
  const { port, host } = new URL(served.url);
  const ask = (path: string, headers: Record<string, string>) =>
    sendRaw(
      served,
      [
        `GET ${path} HTTP/1.1`,
        "connection: close",
        `x-console-token: ${served.token}`,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        "\r\n",
      ].join("\r\n"),
    );
  const statusOf = async (path: string, headers: Record<string, string>) =>
    Number(/^HTTP\/1\.1 (\d+)/.exec(await ask(path, headers))?.[1]);

  for (const path of ["/", "/app.js", "/api/project"]) {
    for (const name of ["127.0.0.1", "localhost", "LocalHost", "[::1]"]) {
      assert.equal(await statusOf(path, { host: `${name}:${port}` }), 200, `${path} of ${name}`);
    }
    const foreign = ["attacker.example", `attacker.example:${port}`, "127.0.0.1", "127.0.0.1:1"];
    for (const name of [...foreign, `127.0.0.1.attacker.example:${port}`, `0.0.0.0:${port}`]) {
      assert.equal(await statusOf(path, { host: name }), 403, `${path} of ${name}`);
    }
    const own = `http://${host}`;
    assert.equal(await statusOf(path, { host, origin: own, "sec-fetch-site": "same-origin" }), 200);
    assert.equal(await statusOf(path, { host, "sec-fetch-site": "none" }), 200);
    for (
      const origin of ["https://attacker.example", "null", `https://${host}`, "http://127.0.0.1"]
    ) {
      assert.equal(await statusOf(path, { host, origin }), 403, `${path} from ${origin}`);
    }
    for (const site of ["cross-site", "same-site"]) {
      assert.equal(await statusOf(path, { host, "sec-fetch-site": site }), 403, site);
    }
  }
  assert.match(
    await ask("/", { host: "attacker.example" }),
    /content-security-policy: default-src/,
  );
  assert.match(
    await sendRaw(served, "GET / HTTP/1.1\r\nconnection: close\r\n\r\n"),
    /^HTTP\/1\.1 400/,
  );
});

Deno.test("requests with a wrong method, content type, size or parameter are refused", async () => {
  await using mirror = await openMirror();
  await using served = await openConsole(mirror, "dev");
  const statusOf = async (path: string, init?: RequestInit) =>
    (await errorOf(await served.fetch(path, init))).status;
  assert.equal(await statusOf("/api/events", { method: "POST" }), 405);
  assert.equal(await statusOf("/api/send"), 405);
  assert.equal(await statusOf("/api/effects/retry", { method: "DELETE" }), 405);
  assert.equal(await statusOf("/api/nothing"), 404);
  assert.equal(await statusOf("/api/send", { method: "POST", body: "type=user.created" }), 415);
  const json = { "content-type": "application/json" };
  const post = (body: string | Uint8Array<ArrayBuffer>) =>
    statusOf("/api/send", { method: "POST", headers: json, body });
  assert.equal(await post("{"), 400);
  assert.equal(await post("[]"), 400);
  assert.equal(await post(new Uint8Array([0x7b, 0xff, 0x7d])), 400);
  assert.equal(
    await post(JSON.stringify({ type: "user.created", filler: "x".repeat(600_000) })),
    413,
  );
  assert.equal(await post(JSON.stringify({ type: "user.eaten" })), 400);
  assert.equal(await post(JSON.stringify({ type: "user.created", way: "sideways" })), 400);

  for (
    const path of [
      "/api/events?limit=501",
      "/api/events?limit=0",
      "/api/events?limit=many",
      "/api/events?before=nowhere",
      "/api/events/new",
      "/api/events/new?after=1/now",
      "/api/events/new?after=1/9:1:",
      "/api/counts?window=year",
      "/api/object",
      "/api/object?id=user_1&table=pg_class",
      "/api/view-as",
      "/api/events?type=%00",
      "/api/objects?query=a%00",
      "/api/object?id=%00",
    ]
  ) assert.equal(await statusOf(path), 400, path);
  for (const ids of [undefined, [], [7], "some", [""]]) {
    assert.equal(await statusOf("/api/dead-letters/replay", jsonRequest({ ids })), 400);
  }
  assert.equal(await statusOf("/api/effects/retry", jsonRequest({ ids: ["x"] })), 400);
  assert.equal(await statusOf("/api/object?id=user_nobody"), 404);
});

Deno.test("the project is described by its URL and tables, with dev by the event types to send, and by no secret", async () => {
  await using mirror = await openMirror();
  const sent = sampleTypes();
  await using dev = await openConsole(mirror, "dev");
  const project = await dev.get<ProjectInfo>("/api/project");
  assert.equal(project.url, mirror.apiUrl);
  assert.deepEqual([project.isDev, project.eventTypes], [true, sent]);
  assert.deepEqual(project.tables.slice(0, 2), ["profiles", "organizations"]);
  const mirrored = await mirror.sql`select table_name from clerk_sync.read_mirrored_tables()`;
  assert.deepEqual(
    project.tables.toSorted(),
    mirrored.map(({ table_name }) => table_name).toSorted(),
  );
  await using hosted = await openConsole(mirror);
  const { isDev, eventTypes } = await hosted.get<ProjectInfo>("/api/project");
  assert.deepEqual([isDev, eventTypes], [false, []]);
  for (const served of [dev, hosted]) {
    const description = await (await served.fetch("/api/project")).text();
    for (const secret of secretsOf(mirror, served)) assert.ok(!description.includes(secret));
  }
});

Deno.test("no key and no secret is in any answer, whatever is asked and whatever fails", async () => {
  await using mirror = await openOwnMirror();
  await mirror.send(malformed());
  const { secretKey } = mirror.keys;
  await using served = await openConsole(mirror, "dev");
  const answers: string[] = [];
  const ask = async (path: string, init?: RequestInit) =>
    answers.push(await (await served.fetch(path, init)).text());
  const all = [
    ...QUESTIONS,
    "/",
    "/app.js",
    `/api/object?id=${secretKey}`,
    `/api/objects?query=${secretKey}x`,
    `/api/view-as?user=${secretKey}`,
    "/api/events/new?after=1/1:1:",
  ];
  for (const path of all.slice(0, -4)) await ask(path);
  await mirror.stack.postgres.stop();
  for (const path of all) await ask(path);
  await ask("/api/dead-letters/replay", jsonRequest({ ids: "all" }));
  await ask("/api/effects/retry", jsonRequest({ ids: "parked" }));
  await ask("/api/send", jsonRequest({ type: "user.created" }));
  assert.ok(answers.length > 25);
  for (const secret of secretsOf(mirror, served)) {
    for (const answer of answers) assert.ok(!answer.includes(secret), answer.slice(0, 200));
  }
  await mirror.stack.restartPostgres();
});

Deno.test("events are listed newest first, in pages, filtered, and counted by minute and hour", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const created = sampleEvent("user.created");
  const updated = sampleEvent("user.updated", {
    data: { id: created.data.id },
    at: created.timestamp - 60_000,
  });
  const letter = malformed();
  const sent = [created, updated, sampleEvent("organization.created"), letter];
  const ids = sent.map(() => newId("msg"));
  for (const [index, event] of sent.entries()) {
    await mirror.send(event, { id: ids[index] ?? "" });
  }
  const page = await served.get<EventPage>("/api/events");
  assert.deepEqual(
    page.events.map(({ id, type, objectId, outcome }) => [id, type, objectId, outcome]),
    [
      [ids[3], "user.created", letter.data.id, "dead_lettered"],
      [ids[2], "organization.created", sent[2]?.data.id, "applied"],
      [ids[1], "user.updated", created.data.id, "stale"],
      [ids[0], "user.created", created.data.id, "applied"],
    ],
  );
  assert.equal(page.before, null);
  assert.equal(Date.parse(page.events[2]?.occurredAt ?? ""), updated.timestamp);
  assert.ok(Math.abs(Date.parse(page.events[0]?.receivedAt ?? "") - Date.now()) < 60_000);

  const idsOf = async (query: string) =>
    (await served.get<EventPage>(`/api/events?${query}`)).events.map(({ id }) => id);
  assert.deepEqual(await idsOf("type=user.created"), [ids[3], ids[0]]);
  assert.deepEqual(await idsOf("outcome=stale"), [ids[1]]);
  assert.deepEqual(await idsOf("outcome=dead_lettered"), [ids[3]]);
  assert.deepEqual(await idsOf(`object=${created.data.id}`), [ids[1], ids[0]]);
  assert.deepEqual(await idsOf(`object=${created.data.id}&outcome=applied`), [ids[0]]);
  assert.deepEqual(await idsOf("type=user.eaten"), []);
  for (const limit of [1, 2, 3, 4, 5]) {
    const paged = await readAllEvents(served, "", limit);
    assert.deepEqual(paged.map(({ id }) => id), ids.toReversed(), `pages of ${limit}`);
  }

  const counts = await served.get<EventCounts>("/api/counts?window=hour");
  assert.equal(counts.buckets.length, 60);
  const sums: Record<string, number> = {};
  for (const bucket of counts.buckets) {
    for (const [outcome, count] of Object.entries(bucket.counts)) {
      sums[outcome] = (sums[outcome] ?? 0) + count;
    }
  }
  assert.deepEqual(sums, { applied: 2, stale: 1, dead_lettered: 1 });
  const starts = counts.buckets.map(({ startsAt }) => Date.parse(startsAt));
  assert.ok(
    starts.every((start, index) => index === 0 || start - (starts[index - 1] ?? 0) === 60_000),
  );
  const day = await served.get<EventCounts>("/api/counts?window=day");
  assert.equal(day.buckets.length, 24);
  assert.equal(day.buckets.reduce((sum, { counts }) => sum + (counts.applied ?? 0), 0), 2);
});

Deno.test("a dead letter appears as a new event when it fails again, and when it is applied", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  let { after } = await served.get<EventPage>("/api/events");
  const newOnes = async () => {
    const page = await served.get<NewEvents>(`/api/events/new?after=${encodeURIComponent(after)}`);
    after = page.after;
    return page.events.map(({ id, outcome }) => [id, outcome]);
  };
  const id = newId("msg");
  await mirror.send(malformed(), { id });
  assert.deepEqual(await newOnes(), [[id, "dead_lettered"]]);
  assert.deepEqual(await newOnes(), []);
  const event = malformed();
  await mirror.send(event, { id });
  assert.deepEqual(await newOnes(), [[id, "dead_lettered"]]);
  await mirror.send({ ...event, data: { ...event.data, created_at: event.timestamp } }, { id });
  assert.deepEqual(await newOnes(), [[id, "applied"]]);
  const { events } = await served.get<EventPage>("/api/events");
  assert.deepEqual(events.map(({ id, outcome }) => [id, outcome]), [[id, "applied"]]);
});

/** Rows as a burst of webhooks would leave them, each in a transaction that takes a while. */
async function writeLedger({ sql }: Mirror, writer: number, transactions: number, rows: number) {
  for (let transaction = 0; transaction < transactions; transaction++) {
    await sql.begin(async (sql) => {
      const prefix = `msg_${writer}_${transaction}_`;
      await sql`
        insert into clerk_sync.webhook_events (id, type, object_id, occurred_at)
        select ${prefix} || number, 'user.updated', 'user_' || number, now()
        from generate_series(1, ${rows}::integer) as number`;
      // So that others begin after it, and commit before it.
      await sql`select pg_sleep(${((writer * 7 + transaction * 3) % 10) / 100}::double precision)`;
    });
  }
}

Deno.test("10,000 events, written while they are read, are each read or counted once, in any order of commits", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const first = await served.get<EventPage>("/api/events?limit=500");
  let { after } = first;
  const times = new Map<string, number>();
  let isWritten = false;
  let skipped = 0;
  const readOn = async () => {
    const page = await served.get<NewEvents>(
      `/api/events/new?limit=500&after=${encodeURIComponent(after)}`,
    );
    after = page.after;
    skipped += page.skipped;
    for (const { id } of page.events) times.set(id, (times.get(id) ?? 0) + 1);
  };
  const writing = Promise.all(
    [0, 1, 2, 3].map((writer) => writeLedger(mirror, writer, 50, 50)),
  ).then(() => isWritten = true);
  while (!isWritten) await readOn();
  await writing;
  await readOn();
  assert.equal(times.size + skipped, 10_000);
  assert.deepEqual([...times].filter(([, count]) => count > 1), []);
  assert.ok(times.size >= 500);
  const before = after;
  await readOn();
  assert.deepEqual([times.size + skipped, before === after], [10_000, false]);

  // A burst that is larger than a page: the newest, and how many more there are.
  await writeLedger(mirror, 9, 1, 2_000);
  const burst = await served.get<NewEvents>(
    `/api/events/new?limit=100&after=${encodeURIComponent(after)}`,
  );
  assert.deepEqual([burst.events.length, burst.skipped], [100, 1_900]);

  const all = await readAllEvents(served, "type=user.updated", 500);
  assert.equal(new Set(all.map(({ id }) => id)).size, 12_000);
  const some = await readAllEvents(served, "object=user_7", 100);
  assert.equal(some.length, 201);
});

Deno.test("a reading position from before a database restore is continued by its time", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const id = newId("msg");
  const now = (Date.now() - 1000) * 1000;
  await mirror.send(sampleEvent("user.created"), { id });
  const page = await served.get<NewEvents>(`/api/events/new?after=${now}/9000000000:9000000000:`);
  assert.deepEqual(page.events.map(({ id }) => id), [id]);
});

Deno.test("objects are found by id, email, name and slug, and what is searched for is taken literally", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const hostile = '<img src=x onerror="alert(1)">\u2028</script>';
  const user = sampleEvent("user.created", {
    data: { first_name: hostile, last_name: "100%_sure\\", username: "grace-hopper" },
  });
  const membership = sampleEvent("organizationMembership.created", {
    data: { "public_user_data.user_id": user.data.id, "organization.slug": "compilers-inc" },
  });
  const organization = membership.data.organization.id;
  for (const event of [user, membership]) await mirror.send(event);
  const find = async (query: string) =>
    (await served.get<FoundObjects>(`/api/objects?query=${encodeURIComponent(query)}`)).objects;
  const idsOf = async (query: string) => (await find(query)).map(({ id }) => id);

  const [found] = await find(user.data.id);
  assert.deepEqual(found, {
    table: "profiles",
    id: user.data.id,
    label: `${hostile} 100%_sure\\`,
    state: "full",
  });
  assert.deepEqual(await idsOf("GRACE-h"), [user.data.id]);
  // The copy of it that the membership has, too.
  assert.deepEqual(await idsOf("ada@EXAMPLE"), [user.data.id, membership.data.id]);
  assert.deepEqual(await idsOf("100%_sure\\"), [user.data.id]);
  assert.deepEqual(await idsOf("100_"), []);
  assert.deepEqual(await idsOf("%"), []);
  assert.deepEqual(await idsOf(`${hostile} 100`), [user.data.id]);
  assert.deepEqual(await idsOf("  "), []);
  assert.deepEqual(await idsOf("compilers"), [organization]);
  assert.equal((await find("compilers"))[0]?.state, "placeholder");
  assert.ok((await idsOf(user.data.id.slice(0, -3))).includes(user.data.id));

  await mirror.send(sampleEvent("user.deleted", { data: { id: user.data.id } }));
  assert.deepEqual(await find(user.data.id), [
    { table: "profiles", id: user.data.id, label: null, state: "deleted" },
  ]);
});

Deno.test("a search ends with 50 objects, and says that there may be more", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  await mirror.sql`
    insert into public.profiles (id, username, version)
    select 'user_' || lpad(number::text, 5, '0'), 'twin' || number,
      row (now(), now(), '')::clerk_sync.version
    from generate_series(1, 12000) as number`;
  const find = (query: string) => served.get<FoundObjects>(`/api/objects?query=${query}`);
  const { objects, isCut } = await find("TWIN");
  assert.deepEqual([objects.length, isCut], [50, true]);
  assert.equal(objects[0]?.id, "user_12000", "the latest first");
  const earliest = await find("twin3");
  assert.equal(earliest.objects.length, 50);
  // In another of several pages that are read.
  const [last] = (await find("twin7777")).objects;
  assert.equal(last?.id, "user_07777");
  assert.deepEqual((await find("twin99999")).isCut, false);
  const [oldest] = (await find("user_00001")).objects;
  assert.equal(oldest?.label, "twin1");
});

Deno.test("an object is shown with its version, its owners, what belongs to it, and its events", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const user = sampleEvent("user.created");
  const membership = sampleEvent("organizationMembership.created", {
    data: { "public_user_data.user_id": user.data.id },
  });
  const session = sampleEvent("session.created", { data: { user_id: user.data.id } });
  const id = newId("msg");
  await mirror.send(user, { id });
  for (const event of [membership, session]) await mirror.send(event);
  const read = (id: string, more = "") =>
    served.get<ObjectDetail>(`/api/object?id=${encodeURIComponent(id)}${more}`);

  const detail = await read(user.data.id);
  assert.deepEqual([detail.table, detail.state, detail.tombstone], ["profiles", "full", null]);
  assert.equal(detail.row?.email, "ada@example.com");
  assert.ok(!("version" in (detail.row ?? {})));
  assert.equal(detail.version?.webhookId, id);
  assert.equal(Date.parse(detail.version?.occurredAt ?? ""), user.timestamp);
  const belongings = detail.belongings.filter(({ count }) => count > 0);
  assert.deepEqual(
    belongings.map(({ table, count, objects }) => [table, count, objects[0]?.id]),
    [["organization_memberships", 1, membership.data.id], ["session_logs", 1, session.data.id]],
  );
  assert.deepEqual(detail.events.map(({ id }) => id), [id]);
  assert.equal(detail.areEventsCut, false);

  const member = await read(membership.data.id, "&table=organization_memberships");
  assert.deepEqual(
    member.owners.map(({ table, id, state }) => [table, id, state]),
    [
      ["organizations", membership.data.organization.id, "placeholder"],
      ["profiles", user.data.id, "full"],
    ],
  );
  const organization = await read(membership.data.organization.id);
  assert.deepEqual([organization.state, organization.version?.updatedAt], ["placeholder", null]);
  assert.equal(
    (await served.fetch(`/api/object?id=${user.data.id}&table=organizations`)).status,
    404,
  );

  await mirror.send(sampleEvent("user.deleted", { data: { id: user.data.id } }));
  const gone = await read(user.data.id);
  assert.deepEqual([gone.state, gone.row, gone.version, gone.belongings], [
    "deleted",
    null,
    null,
    [],
  ]);
  assert.ok(gone.tombstone?.deletedAt);
  assert.deepEqual(gone.events.map(({ type }) => type), ["user.created", "user.deleted"]);
});

Deno.test("view-as shows each table as the user sees it, under the mirror's and the application's policies", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const [ada, eve] = [sampleEvent("user.created"), sampleEvent("user.created")];
  for (const event of [ada, eve]) await mirror.send(event);
  await mirror.sql.unsafe(`
    create schema app;
    create table public.notes (id integer primary key, user_id text, private text);
    insert into public.notes values (1, '${ada.data.id}', 'a'), (2, '${eve.data.id}', 'e');
    alter table public.notes enable row level security;
    create policy "Users read their own notes" on public.notes
    for select to authenticated using (user_id = (select auth.jwt()) ->> 'sub');
    grant select (id, user_id) on public.notes to authenticated;
    create table public.open_notes as select * from public.notes;
    grant select on public.open_notes to authenticated;
    create table public.closed_notes as select * from public.notes;
    create table public.odd_notes as select * from public.notes;
    alter table public.odd_notes enable row level security;
    create function public.write_down() returns boolean language plpgsql as
    $$ begin insert into public.open_notes values (9); return true; end $$;
    create policy "Writes" on public.odd_notes for select to authenticated using (public.write_down());
    grant select on public.odd_notes to authenticated;
    create view public.all_notes as select * from public.notes;
    grant select on public.all_notes to authenticated;
    create table app.hidden (id integer);
    notify pgrst, 'reload schema';
  `);
  const view = async (user: string) => {
    const { tables } = await served.get<ViewAs>(`/api/view-as?user=${user}`);
    return (name: string) => {
      const table = tables.find(({ table }) => table === name);
      assert.ok(table, name);
      return table;
    };
  };
  const seen = await view(ada.data.id);
  const profiles = seen(`${mirror.naming.prefix}profiles`);
  assert.equal(profiles.schema, mirror.naming.schema);
  assert.deepEqual([profiles.isMirrored, profiles.hasRowLevelSecurity, profiles.total], [
    true,
    true,
    2,
  ]);
  assert.ok("rows" in profiles.visible);
  assert.deepEqual([profiles.visible.count, profiles.visible.rows[0]?.id], [1, ada.data.id]);
  assert.deepEqual(seen("notes"), {
    schema: "public",
    table: "notes",
    isMirrored: false,
    hasRowLevelSecurity: true,
    visible: { count: 1, isAtLeast: false, rows: [{ id: 1, user_id: ada.data.id }] },
    total: 2,
  });
  const open = seen("open_notes");
  assert.deepEqual([open.hasRowLevelSecurity, open.total], [false, 2]);
  assert.ok("rows" in open.visible && open.visible.count === 2);
  const closed = seen("closed_notes");
  assert.ok("error" in closed.visible);
  assert.match(closed.visible.error, /permission denied/);
  assert.equal(closed.total, 2);
  const odd = seen("odd_notes");
  assert.ok("error" in odd.visible);
  assert.match(odd.visible.error, /read-only|stable|INSERT/i);
  // A view that asks in its owner's name shows all that he may see.
  const all = seen("all_notes");
  assert.deepEqual([all.hasRowLevelSecurity, "rows" in all.visible && all.visible.count], [
    false,
    2,
  ]);

  const seenByNobody = await view("user_nobody");
  const notes = seenByNobody("notes");
  assert.ok("rows" in notes.visible && notes.visible.count === 0);

  const { tables } = await served.get<ViewAs>(`/api/view-as?user=${ada.data.id}`);
  assert.deepEqual(tables.filter(({ table }) => table === "hidden"), []);
  assert.deepEqual(tables.filter(({ schema }) => ["auth", "clerk_sync"].includes(schema)), []);
  const [row] = await mirror.sql`select count(*)::integer as count from public.open_notes`;
  assert.equal(row?.count, 2);

  // What a user sees here is what he gets by himself.
  const { data } = await mirror.asUser(ada.data.id).from("profiles").select("id");
  assert.deepEqual(data?.map(({ id }) => id), [ada.data.id]);
});

Deno.test("view-as reports a table whose policy takes too long, beside the others", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  await mirror.sql.unsafe(`
    create table public.slow_notes as select 1 as id;
    alter table public.slow_notes enable row level security;
    create policy "Takes its time" on public.slow_notes for select to authenticated
    using (pg_catalog.pg_sleep(8) is not null);
    grant select on public.slow_notes to authenticated;
  `);
  const { tables } = await served.get<ViewAs>("/api/view-as?user=user_1");
  const slow = tables.find(({ table }) => table === "slow_notes");
  assert.deepEqual(slow, {
    schema: "public",
    table: "slow_notes",
    isMirrored: false,
    hasRowLevelSecurity: true,
    visible: { error: "It takes too long to read" },
    total: null,
  });
  assert.ok(tables.length > 12);
  assert.ok(tables.filter(({ isMirrored }) => isMirrored).every(({ total }) => total === 0));
});

Deno.test("only the secret key may view as somebody else, and sees nothing that no user may see", async () => {
  await using mirror = await openMirror();
  const ask = (client: ReturnType<Mirror["asUser"]>, table_schema: string, table_name: string) =>
    client.rpc("read_as_user", { user_id: "user_1", table_schema, table_name });
  for (const client of [mirror.asUser("user_2"), mirror.asAnon()]) {
    const { error } = await ask(client, mirror.naming.schema, `${mirror.naming.prefix}profiles`);
    assert.equal(error?.code, "42501");
  }
  const { data } = await ask(mirror.asService(), "clerk_sync", "outbox");
  assert.match(JSON.stringify(data), /permission denied/);
  const rows = await mirror.sql`
    select proacl::text as rights, proowner::regrole::text as owner
    from pg_proc where proname = 'read_as_authenticated'`;
  assert.equal(rows[0]?.owner, "authenticated");
  const [may] = await mirror.sql`
    select has_schema_privilege('authenticated', 'clerk_sync', 'create') as create,
      has_function_privilege(
        'authenticated', 'clerk_sync.read_as_authenticated (text, text, integer)', 'execute'
      ) as execute`;
  assert.deepEqual({ ...may }, { create: false, execute: false });
});

Deno.test("dead letters are listed and replayed, in a hosted project only after confirmation", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const [mended, broken, other] = [newId("msg"), newId("msg"), newId("msg")];
  const event = malformed();
  await mirror.send(event, { id: mended });
  for (const id of [broken, other]) await mirror.send(malformed(), { id });
  const { deadLetters, count } = await served.get<DeadLetters>("/api/dead-letters");
  assert.deepEqual([count, deadLetters.map(({ id }) => id)], [
    3,
    [mended, broken, other].toSorted(),
  ]);
  const letter = deadLetters.find(({ id }) => id === mended);
  assert.match(letter?.reason ?? "", /"data\.created_at" is invalid/);
  assert.deepEqual([letter?.type, letter?.attempts], ["user.created", 1]);
  assert.ok(!JSON.stringify(letter?.payload).includes("private_metadata"));

  const path = "/api/dead-letters/replay";
  for (const [ids, words] of [["all", "3 dead letters"], [[mended], "1 dead letter"]] as const) {
    for (const isConfirmed of [undefined, false, "true", 1]) {
      const { status, error } = await errorOf(
        await served.fetch(path, jsonRequest({ ids, isConfirmed })),
      );
      assert.equal(status, 409);
      assert.ok(error.includes(`replay ${words} in the project at ${mirror.apiUrl}`), error);
    }
  }
  const attempts = await mirror.sql`select attempts from clerk_sync.dead_letters`;
  assert.deepEqual(attempts.map(({ attempts }) => attempts), [1, 1, 1]);

  await mirror.sql`
    update clerk_sync.dead_letters
    set payload = jsonb_set(payload, '{data,created_at}', ${event.timestamp}::text::jsonb)
    where webhook_id = ${mended}`;
  const replayed = await served.post<ReplayResults>(path, {
    ids: [mended, broken, "msg_nothing"],
    isConfirmed: true,
  });
  const results = new Map(replayed.results.map((result) => [result.id, result]));
  assert.deepEqual(results.get(mended), { id: mended, outcome: "applied" });
  assert.equal(results.get(broken)?.outcome, "dead_lettered");
  assert.match(results.get(broken)?.reason ?? "", /created_at/);
  assert.equal(results.get("msg_nothing")?.outcome, "missing");
  assert.equal(results.size, 3);
  const [profile] = await mirror.sql`select id from public.profiles where id = ${event.data.id}`;
  assert.equal(profile?.id, event.data.id);
  assert.equal((await served.get<DeadLetters>("/api/dead-letters")).count, 2);

  await using dev = await openConsole(mirror, "dev");
  const all = await dev.post<ReplayResults>(path, { ids: "all" });
  assert.deepEqual(all.results.map(({ outcome }) => outcome), ["dead_lettered", "dead_lettered"]);
});

Deno.test("effects are listed by their state, and parked ones can be retried", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  const { sql } = mirror;
  await sql`
    insert into clerk_sync.outbox
      (webhook_id, event_type, handler, object_id, occurred_at, attempts, due_at, lease, parked_at, last_error)
    values
      ('msg_1', 'user.created', 'welcome_email', 'user_1', now(), 0, now(), null, null, null),
      ('msg_2', 'user.created', 'welcome_email', 'user_2', now(), 8, now(), null, now(), 'no such address'),
      ('msg_3', 'user.created', 'welcome_email', 'user_3', now(), 8, now(), null, now(), 'refused'),
      ('msg_4', 'user.created', 'welcome_email', 'user_4', now(), 1, now() + interval '1 minute',
        gen_random_uuid(), null, null),
      ('msg_5', 'user.created', 'welcome_email', 'user_5', now(), 2, now() + interval '1 hour', null, null,
        'timeout')`;
  const { handlers, effects } = await served.get<Effects>("/api/effects");
  const queue = handlers.find(({ handler }) => handler === "welcome_email");
  assert.deepEqual([queue?.isEnabled, queue?.dueCount, queue?.parkedCount], [null, 1, 2]);
  assert.deepEqual(
    effects.map((
      { objectId, state, attempts, lastError },
    ) => [objectId, state, attempts, lastError]),
    [
      ["user_2", "parked", 8, "no such address"],
      ["user_3", "parked", 8, "refused"],
      ["user_4", "running", 1, null],
      ["user_1", "due", 0, null],
      ["user_5", "waiting", 2, "timeout"],
    ],
  );
  const idOf = (object: string) => effects.find(({ objectId }) => objectId === object)?.id ?? "";

  const path = "/api/effects/retry";
  const refused = await errorOf(await served.fetch(path, jsonRequest({ ids: "parked" })));
  assert.equal(refused.status, 409);
  assert.match(refused.error, /make 2 parked effects due again in the project at/);
  const one = await served.post<RetryResults>(path, {
    ids: [idOf("user_2"), idOf("user_4"), "999999"],
    isConfirmed: true,
  });
  assert.deepEqual(one, { count: 1 });
  const stateOf = async () =>
    (await served.get<Effects>("/api/effects")).effects.map(({ objectId, state }) =>
      `${objectId} ${state}`
    )
      .toSorted();
  assert.deepEqual(await stateOf(), [
    "user_1 due",
    "user_2 due",
    "user_3 parked",
    "user_4 running",
    "user_5 waiting",
  ]);
  assert.deepEqual(await served.post(path, { ids: "parked", isConfirmed: true }), { count: 1 });
  assert.deepEqual(await served.post(path, { ids: "parked", isConfirmed: true }), { count: 0 });
  // Taken by a worker as any other, from the first attempt on.
  const { data } = await mirror.asService().rpc("take_effects", {
    handlers: ["welcome_email"],
    batch_size: 10,
    lease_seconds: 60,
  });
  const taken = data?.map(({ object_id, attempts }) => `${object_id} ${attempts}`).toSorted();
  assert.deepEqual(taken, ["user_1 1", "user_2 1", "user_3 1"]);
});

/** Without the figures that differ from one moment to the next. */
function timeless(lines: StatusLine[]): StatusLine[] {
  return lines.map((line) => ({
    ...line,
    text: line.text.replace(/\d+ (?:ms|seconds?|minutes?)\b/g, "…"),
  }));
}

Deno.test("the status is what the status command says, with the latest runs", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  await mirror.sql`
    insert into clerk_sync.runs (kind, asked_by, is_repair, options, state, ended_at, results)
    values ('reconcile', 'command', true, '{}', 'done', now(), '[{"name": "users", "missing": 2}]')`;
  const status = await served.get<StatusAnswer>("/api/status");
  const { output } = await finish(taskCommand("status", ["--json"], {
    ...commandEnv(mirror),
    CLERK_WEBHOOK_SIGNING_SECRET: mirror.signingSecret,
  }));
  const told: StatusAnswer = JSON.parse(output);
  assert.ok(told.lines.length >= 4, output);
  assert.equal(status.level, told.level);
  assert.deepEqual(timeless(status.lines), timeless(told.lines));
  assert.ok(Math.abs(Date.parse(status.takenAt) - Date.now()) < 60_000);
  assert.deepEqual(
    status.runs.map(({ kind, askedBy, isRepair, state, results }) => ({
      kind,
      askedBy,
      isRepair,
      state,
      results,
    })),
    [{
      kind: "reconcile",
      askedBy: "command",
      isRepair: true,
      state: "done",
      results: [{ name: "users", missing: 2 }],
    }],
  );
});

Deno.test("with dev, every event type can be sent plain, twice, late, malformed and as a burst", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror, "dev");
  const send = async (type: string, way: string) =>
    (await served.post<SendResults>("/api/send", { type, way })).answers;
  const outcomes = async (type: string, way: string) =>
    (await send(type, way)).map(({ outcome }) => outcome);

  for (const type of sampleTypes()) {
    const [answer] = await send(type, "plain");
    assert.deepEqual([answer?.type, answer?.status], [type, 200], type);
    assert.match(answer?.outcome ?? "", /^(?:applied|stale|ignored)$/, type);
  }
  const [first, second] = await send("user.created", "twice");
  assert.deepEqual([first?.outcome, second?.outcome], ["applied", "duplicate"]);
  assert.equal(first?.id, second?.id);
  for (const type of ["user.created", "user.updated", "organization.updated", "session.ended"]) {
    assert.deepEqual(await outcomes(type, "late"), ["applied", "stale"], type);
  }
  assert.deepEqual(await outcomes("user.deleted", "late"), ["applied", "stale"]);
  const late = await send("user.created", "late");
  assert.deepEqual(late.map(({ type }) => type), ["user.updated", "user.created"]);
  assert.deepEqual(await outcomes("user.created", "malformed"), ["dead_lettered"]);
  assert.deepEqual(await outcomes("organization.deleted", "malformed"), ["dead_lettered"]);
  const burst = await send("user.created", "burst");
  assert.deepEqual([burst.length, new Set(burst.map(({ id }) => id)).size], [100, 100]);
  assert.ok(burst.every(({ status, outcome }) => status === 200 && outcome === "applied"));
  const [row] = await mirror.sql`
    select count(*)::integer as count from clerk_sync.webhook_events
    where id = any (${burst.map(({ id }) => id)})`;
  assert.equal(row?.count, 100);
  assert.equal(
    (await errorOf(
      await served.fetch("/api/send", jsonRequest({ type: "sms.created", way: "late" })),
    ))
      .status,
    400,
  );

  await using hosted = await openConsole(mirror);
  const refused = await hosted.fetch("/api/send", jsonRequest({ type: "user.created" }));
  assert.equal((await errorOf(refused)).status, 404);
});

Deno.test("a stopped database is reported within ten seconds, and events are caught up with afterwards", async () => {
  await using mirror = await openOwnMirror();
  await using served = await openConsole(mirror);
  await mirror.send(sampleEvent("user.created"));
  const { after } = await served.get<EventPage>("/api/events");
  await mirror.stack.postgres.stop();
  for (const path of QUESTIONS.filter((path) => !["/api/project", "/api/status"].includes(path))) {
    const startedAt = Date.now();
    const { status, error } = await errorOf(await served.fetch(path));
    assert.equal(status, 503, path);
    assert.match(error, /^The database /);
    assert.ok(Date.now() - startedAt < 10_000, path);
  }
  const status = await served.get<StatusAnswer>("/api/status");
  assert.deepEqual([status.level, status.runs], ["broken", []]);
  await served.get("/api/project");
  await mirror.stack.restartPostgres();
  const id = newId("msg");
  assert.equal((await mirror.send(sampleEvent("user.created"), { id })).status, 200);
  const page = await served.get<NewEvents>(`/api/events/new?after=${encodeURIComponent(after)}`);
  assert.deepEqual(page.events.map(({ id }) => id), [id]);
});

Deno.test("a project that never answers is reported within ten seconds", async () => {
  await using mirror = await openMirror();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const silent: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) silent.push(connection);
  })();
  await using served = await openConsole({
    ...mirror,
    apiUrl: `http://127.0.0.1:${listener.addr.port}`,
  });
  const startedAt = Date.now();
  const answer = await errorOf(await served.fetch("/api/effects"));
  assert.deepEqual(answer, { status: 503, error: "The database does not answer in time" });
  assert.ok(Date.now() - startedAt < 10_000);
  listener.close();
  await accepting;
  for (const connection of silent) connection.close();
});

Deno.test("an unreachable project, a missing mirror and a refused key are each reported", async () => {
  await using mirror = await openMirror();
  const errorFor = async (project: object) => {
    await using served = await openConsole({ ...mirror, ...project });
    return await errorOf(await served.fetch("/api/events"));
  };
  const gone = await errorFor({ apiUrl: "http://127.0.0.1:1" });
  assert.deepEqual(gone, {
    status: 502,
    error: "The project does not answer at http://127.0.0.1:1",
  });
  const naming = { schema: mirror.naming.schema, prefix: "nowhere_" };
  assert.match((await errorFor({ naming })).error, /^The mirror is not in this project/);
  const keys = { ...mirror.keys, secretKey: mirror.keys.publishableKey };
  const refused = await errorFor({ keys });
  assert.deepEqual(refused, { status: 502, error: "The project refuses the secret key" });
});

Deno.test("a port that is taken is reported", async () => {
  await using mirror = await openMirror();
  await using served = await openConsole(mirror);
  const port = Number(new URL(served.url).port);
  await assert.rejects(
    openConsole(mirror, "hosted", { port }),
    new RegExp(`can't listen on port ${port}: it is taken`),
  );
});
