/** The console in a real browser, with the real server, a real stack and signed webhooks. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { findBrowser } from "../tools/contributing/browser/find_browser.ts";
import { openBrowser } from "../tools/contributing/browser/open_browser.ts";
import { newId } from "../tools/development/events/new_id.ts";
import { sampleEvent } from "../tools/development/events/sample_event.ts";
import { serveEffects } from "../tools/development/stack/serve_effects.ts";
import { openConsole, type TestedConsole } from "./helpers/console.ts";
import { eventually, gone, goTo, openPage, seen } from "./helpers/console_page.ts";
import { openOwnMirror, type OwnMirror } from "./helpers/mirror.ts";
import { type Mood, startResend } from "./helpers/providers.ts";

const missing = await findBrowser().then(() => undefined, ({ message }) => String(message));
if (missing !== undefined) console.log(`The console is not tested in a browser: ${missing}`);

let browser: Browser;
let mirror: OwnMirror;
/** As `dev` serves it, and as it is served for a project that others use. */
let dev: TestedConsole;
let hosted: TestedConsole;

// They share a stack of their own, and ids are fresh: a browser and a stack for each would take minutes.
Deno.test.beforeAll(async () => {
  if (missing !== undefined) return;
  [browser, mirror] = await Promise.all([openBrowser(), openOwnMirror()]);
  [dev, hosted] = await Promise.all([
    openConsole(mirror, "dev"),
    openConsole(mirror, "hosted"),
  ]);
});

Deno.test.afterAll(async () => {
  if (missing !== undefined) return;
  await browser.close();
  await Promise.all([dev.close(), hosted.close()]);
  await mirror[Symbol.asyncDispose]();
});

function test(name: string, fn: () => Promise<void>): void {
  // What is open belongs to all of them.
  Deno.test({
    name,
    fn,
    ignore: missing !== undefined,
    sanitizeOps: false,
    sanitizeResources: false,
  });
}

/** Gives an open page a clock that can be put forward. */
async function takeClock(page: Page): Promise<void> {
  await page.clock.install();
  await page.reload();
}

/** What the page requests within ten minutes of its own clock. */
async function requestsInTenMinutes(page: Page): Promise<string[]> {
  const paths: string[] = [];
  page.on("request", (request) => paths.push(new URL(request.url()).pathname));
  await page.clock.runFor(600_000);
  // The last of them: requests are reported in their order.
  await page.evaluate("fetch('/app.css')");
  assert.equal(paths.at(-1), "/app.css");
  return paths.slice(0, -1);
}

/** The ids of the objects in the list, newest first. */
async function listedObjects(page: Page): Promise<string[]> {
  return await page.locator("table.events td.object").allInnerTexts();
}

test("the link signs in, the token leaves the address, and the page contacts no other origin", async () => {
  await using open = await openPage(browser, dev.link);
  const { page, origins } = open;
  await seen(page.getByRole("heading", { level: 1, name: "Events" }));
  assert.equal(page.url(), `${dev.url}#/events`);
  for (const view of ["Objects", "View as", "Dead letters", "Effects", "Status", "Send"]) {
    await goTo(page, view);
    await seen(page.locator("h1"));
  }
  await page.goBack();
  assert.equal(page.url(), `${dev.url}#/status`, "the back button leads to the view before");
  await page.reload();
  await seen(page.getByRole("navigation"));
  assert.deepEqual([...origins], [new URL(dev.url).origin]);
  const html = await page.content();
  assert.ok(!html.includes(mirror.keys.secretKey), "the secret key is not in the page");
});

test("without the right token, the page says how to get the link", async () => {
  for (const url of [dev.url, `${dev.url}#token=wrong`, `${dev.url}#/status`]) {
    await using open = await openPage(browser, url);
    await seen(open.page.getByRole("heading", { name: "This console needs its link" }));
    await open.page.goto(dev.link);
    await seen(open.page.getByRole("heading", { name: "Events" }));
  }
});

test("another site's page can't read, write to or frame the console", async () => {
  await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
  const { url, token } = dev;
  const script = `
    const results = [];
    const headers = { "x-console-token": "${token}" };
    const attempts = [
      fetch("${url}api/project", { headers }).then((response) => response.text()),
      fetch("${url}api/project", { mode: "no-cors" }).then((response) => response.text()),
      fetch("${url}api/dead-letters/replay", {
        method: "POST",
        mode: "no-cors",
        body: JSON.stringify({ ids: "all", isConfirmed: true }),
      }).then((response) => response.text()),
    ];
    Promise.allSettled(attempts).then((results) => {
      document.title = results.map(({ value }) => value || "refused").join(", ");
    });`;
  const html = `<iframe src="${url}"></iframe><script>${script}</script>`;
  const foreign = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(html, { headers: { "content-type": "text/html" } }),
  );
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${foreign.addr.port}`);
    await page.waitForFunction("document.title !== ''");
    assert.equal(await page.title(), "refused, refused, refused");
    assert.equal(await page.frameLocator("iframe").locator("h1").count(), 0);
    await context.close();
  } finally {
    await foreign.shutdown();
  }
  const [row] = await mirror
    .sql`select min(attempts)::integer as attempts from clerk_sync.dead_letters`;
  assert.equal(row?.attempts, 1, "nothing was replayed");
});

test("events appear as they arrive, and can be filtered; the back button takes a filter back", async () => {
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await seen(page.getByRole("heading", { name: "Events" }));
  const created = sampleEvent("user.created");
  const earlier = sampleEvent("user.updated", {
    at: created.timestamp - 60_000,
    data: { id: created.data.id },
  });
  const row = page.getByRole("row").filter({ hasText: created.data.id });
  await mirror.send(created);
  await seen(row.filter({ hasText: "applied" }));
  await mirror.send(earlier);
  await seen(row.filter({ hasText: "stale" }).filter({ hasText: "1 min" }));

  await page.getByLabel("Object", { exact: true }).fill(created.data.id);
  await page.keyboard.press("Enter");
  await eventually(async () => {
    assert.deepEqual(await listedObjects(page), [created.data.id, created.data.id]);
  });
  await page.getByLabel("Outcome").selectOption("stale");
  await gone(row.filter({ hasText: "applied" }));
  await page.getByLabel("Outcome").selectOption("");
  await page.getByLabel("Type").fill("user.created");
  await page.keyboard.press("Enter");
  await gone(row.filter({ hasText: "stale" }));
  assert.match(page.url(), /type=user\.created/);
  await page.goBack();
  await seen(row.filter({ hasText: "stale" }));
  await page.getByRole("link", { name: "Show all" }).click();

  await gone(page.getByRole("link", { name: "Show all" }));
  await seen(page.getByRole("button", { name: "Pause" }));
});

test("a paused list stays as it is, and misses no event once it is resumed", async () => {
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await takeClock(page);
  await mirror.send(sampleEvent("waitlistEntry.created"));
  await seen(page.locator("table.events"));
  await page.getByRole("button", { name: "Pause" }).click();
  await seen(page.getByText("Paused"));
  const before = await listedObjects(page);
  const events = Array.from({ length: 5 }, () => sampleEvent("waitlistEntry.created"));
  for (const event of events) await mirror.send(event);
  const requests = await requestsInTenMinutes(page);
  assert.deepEqual(requests.filter((path) => path.startsWith("/api/events")), []);
  assert.deepEqual(await listedObjects(page), before);
  await page.getByLabel("Type").fill("waitlistEntry.created");
  await page.keyboard.press("Enter");
  await seen(page.getByRole("row").filter({ hasText: events[0]?.data.id }));
  await page.goBack();
  await page.getByRole("button", { name: "Resume" }).click();
  await eventually(async () => {
    const newest = (await listedObjects(page)).slice(0, 5);
    assert.deepEqual(newest, events.map(({ data }) => data.id).reverse());
  });
});

test("a hidden tab sends no requests, and catches up when it is shown", async () => {
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await takeClock(page);
  await mirror.send(sampleEvent("user.created"));
  await seen(page.locator("table.events"));
  const hide = (isHidden: boolean) =>
    page.evaluate(`
      Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
      document.dispatchEvent(new Event("visibilitychange"));`);
  await hide(true);
  await page.waitForLoadState("networkidle");
  const missed = sampleEvent("user.created");
  await mirror.send(missed);
  assert.deepEqual(await requestsInTenMinutes(page), []);
  await hide(false);
  await seen(page.getByRole("row").filter({ hasText: missed.data.id }));
});

test("an object is found by its name, and shows its row, what belongs to it, and its deletion", async () => {
  const user = sampleEvent("user.created", {
    data: { first_name: "Hedwig", last_name: newId("x") },
  });
  const { id, last_name } = user.data;
  const session = sampleEvent("session.created", { data: { user_id: id } });
  await mirror.send(user);
  await mirror.send(session);
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "Objects");
  await page.getByRole("searchbox").fill(last_name);
  await page.getByRole("link").filter({ hasText: id }).click();
  await seen(page.getByRole("heading", { level: 1, name: `Hedwig ${last_name}` }));
  await seen(page.locator("dl.row div").filter({ hasText: "first_name" }).getByText("Hedwig"));
  await seen(page.getByRole("table", { name: /Events about it/ }).getByText("user.created"));
  await page.getByRole("link").filter({ hasText: session.data.id }).click();
  await seen(page.getByRole("heading", { name: "Belongs to" }));
  await page.locator("section").filter({ hasText: "Belongs to" }).getByRole("link").click();
  await seen(page.getByRole("heading", { level: 1, name: `Hedwig ${last_name}` }));

  await mirror.send(sampleEvent("user.deleted", { data: { id } }));
  await seen(page.getByText("Deleted for good"));
  await seen(page.getByText("The mirror has no row for it."));
  await goTo(page, "Objects");
  await page.getByRole("searchbox").fill(newId("user"));
  await seen(page.getByText("Nothing found for"));
});

test("a user's view stands beside the secret key's, for the application's own tables too", async () => {
  const table = `notes_${crypto.randomUUID().slice(0, 8)}`;
  const user = sampleEvent("user.created", { data: { username: newId("viewer") } });
  const { id, username } = user.data;
  await mirror.send(user);
  await mirror.send(sampleEvent("user.created"));
  await mirror.sql.unsafe(`
    create table public.${table} (id integer primary key, owner_id text not null, text text);
    alter table public.${table} enable row level security;
    grant select on public.${table} to authenticated;
    grant all on public.${table} to service_role;
    create policy "Own notes" on public.${table} for select to authenticated
      using (owner_id = ((select auth.jwt()) ->> 'sub'));
    insert into public.${table} values (1, '${id}', 'mine'), (2, 'user_other', 'not mine')`);
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "View as");
  await page.getByRole("searchbox").fill(username);
  await page.getByRole("link").filter({ hasText: id }).click();
  const yours = page.getByRole("region", { name: "Your tables" });
  const sight = (name: string) =>
    page.locator("details.sight").filter({ has: page.locator("summary", { hasText: name }) });
  await seen(yours.locator("summary").filter({ hasText: table }).getByText("sees some"));
  await seen(sight(table).getByText("1 of 2"));
  await sight(table).locator("summary").first().click();
  await seen(sight(table).getByRole("cell", { name: "mine", exact: true }));
  assert.equal(await sight(table).getByText("not mine").count(), 0);
  const profiles = sight("profiles");
  await seen(profiles.getByText(/^1 of \d+$/));
  await profiles.locator("summary").first().click();
  await seen(profiles.getByRole("cell", { name: id }));

  await mirror.sql.unsafe(`alter table public.${table} disable row level security`);
  await page.getByRole("button", { name: "Look again" }).click();
  await seen(sight(table).getByText("open to all"));
  await seen(page.getByText(`${table}: without row level security`));
  await mirror.sql.unsafe(`drop table public.${table}`);
  await page.getByRole("button", { name: "Look again" }).click();
  await gone(sight(table));
});

test("dead letters are replayed, one or all, and the results are shown", async () => {
  await mirror.sql`delete from clerk_sync.dead_letters`;
  const good = sampleEvent("user.created");
  const [curable, hopeless] = [newId("msg"), newId("msg")];
  await mirror.sql`
    create function public.refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no more users, please'; end $$`;
  await mirror.sql`
    create trigger refuse before insert on public.profiles
    for each row execute function public.refuse()`;
  assert.equal((await mirror.send(good, { id: curable })).outcome, "dead_lettered");
  await mirror.sql`drop function public.refuse cascade`;
  await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }), {
    id: hopeless,
  });
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "Dead letters");
  const letter = (id: string) => page.getByRole("article").filter({ hasText: id });
  await seen(letter(curable).getByText("no more users, please"));
  await letter(hopeless).getByText("Payload, without its secrets").click();
  await seen(letter(hopeless).getByText('"first_name": "Ada"'));

  await letter(hopeless).getByRole("button", { name: "Replay" }).click();
  const results = page.getByRole("region", { name: "Results of the replay" });
  await seen(results.getByText("dead lettered"));
  await seen(results.getByText('"data.created_at" is invalid'));
  await seen(letter(hopeless).getByText("2 attempts"));

  await page.getByRole("button", { name: "Replay all 2" }).click();
  await seen(results.getByRole("listitem").filter({ hasText: curable }).getByText("applied"));
  await gone(letter(curable));
  const [row] = await mirror.sql`select email from profiles where id = ${good.data.id}`;
  assert.ok(row, "the user is in the mirror");
});

test("a parked effect shows its error, and can be retried", async () => {
  const moods: Mood[] = ["refuse"];
  await using resend = startResend(() => moods.shift() ?? "accept");
  serveEffects(mirror.stack, {
    RESEND_API_KEY: "re_test",
    RESEND_BASE_URL: resend.url,
    WELCOME_EMAIL_FROM: "Engines <hello@example.com>",
    WELCOME_EMAIL_SUBJECT: "Welcome",
    WELCOME_EMAIL_TEXT: "Hello {{first_name}}",
  });
  const runEffects = async () => {
    const response = await fetch(`${mirror.apiUrl}/functions/v1/clerk-effects`, {
      method: "POST",
      headers: { apikey: mirror.keys.secretKey },
    });
    assert.equal(response.status, 200);
    return await response.json();
  };
  await runEffects();
  const user = sampleEvent("user.created");
  await mirror.send(user);
  assert.equal((await runEffects()).parked, 1);

  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "Effects");
  const row = page.getByRole("row").filter({ hasText: user.data.id });
  await seen(row.getByText("parked"));
  await seen(row.getByText(/validation_error|422/));
  await row.getByRole("button", { name: "Try again" }).click();
  await seen(page.getByText("1 effect will be tried again."));
  await seen(row.getByText("due"));
  assert.equal((await runEffects()).completed, 1);
  await gone(row);
  assert.equal(resend.sent.size, 1);
});

test("the status is told in words, and the chart's figures in a table too", async () => {
  await mirror.send(sampleEvent("user.created"));
  await mirror.sql`
    insert into clerk_sync.runs (kind, asked_by, is_repair, options, state, ended_at, results)
    values ('reconcile', 'schedule', true, '{}', 'done', now(), ${
    mirror.sql.json([{ name: "users", compared: 10, missing: 2, outdated: 0, repaired: 2 }])
  })`;
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "Status");
  await seen(page.getByRole("list", { name: "What was checked" }).getByRole("listitem").first());
  const tiles = await page.locator(".tile").allInnerTexts();
  for (const tile of tiles) assert.match(tile, /Well|Look|Broken/);
  const run = page.locator(".runs li").filter({ hasText: "Reconcile" });
  await seen(run.getByText("2 missing, 2 repaired"));
  await run.locator("summary").click();
  await seen(run.getByRole("cell", { name: "users" }));

  const chart = page.getByRole("figure", { name: "Last day" });
  await chart.getByText("As a table").click();
  await eventually(async () => {
    const [row] = await mirror.sql`
      select count(*)::integer as count from clerk_sync.webhook_events where outcome = 'applied'`;
    const table = chart.getByRole("table");
    const columns = await table.getByRole("columnheader").allInnerTexts();
    const column = columns.indexOf("applied");
    const cells = await table.locator("tbody tr").evaluateAll(
      (rows, column) =>
        rows.map((row) => Number(row.children[column]?.textContent?.replaceAll(",", ""))),
      column,
    );
    assert.equal(cells.reduce((sum, count) => sum + count, 0), row?.count);
  });
});

test("with dev, events can be sent in every way, and their answers are shown", async () => {
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "Send");
  const answers = page.getByRole("region", { name: "Answers" });
  const send = async (type: string, way: RegExp) => {
    await page.getByRole("combobox", { name: "Event" }).selectOption(type);
    await page.getByRole("radio", { name: way }).check();
    await page.getByRole("button", { name: "Send" }).click();
  };
  await send("organization.created", /As it is/);
  await seen(answers.getByText("1 applied", { exact: true }));
  await send("user.created", /Twice/);
  await seen(answers.getByText("2 applied, 1 duplicate"));
  await send("user.updated", /Late/);
  await seen(answers.getByText("stale").first());
  await send("user.created", /Malformed/);
  await seen(answers.getByText("dead lettered").first());
  await send("session.created", /A burst/);
  await seen(answers.getByText(/10\d applied/));
  await seen(page.getByRole("table", { name: "The newest events" }).getByText("session.created"));
});

test("a hosted project is written to only after confirmation", async () => {
  await mirror.sql`delete from clerk_sync.dead_letters`;
  const id = newId("msg");
  await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }), { id });
  await using open = await openPage(browser, hosted.link);
  const { page } = open;
  assert.equal(await page.getByRole("link", { name: "Send" }).count(), 0);
  await goTo(page, "Dead letters");
  const replay = page.getByRole("button", { name: "Replay all" });
  const dialog = page.getByRole("dialog");
  const attempts = async () => {
    const [row] = await mirror.sql`
      select attempts from clerk_sync.dead_letters where webhook_id = ${id}`;
    return row?.attempts;
  };
  await replay.click();
  await seen(dialog.getByText("replay 1 dead letter in the project"));
  await dialog.getByRole("button", { name: "No" }).click();
  await gone(dialog);
  await replay.click();
  await seen(dialog);
  await page.keyboard.press("Escape");
  await gone(dialog);
  assert.equal(await attempts(), 1, "nothing was written");
  await replay.click();
  await dialog.getByRole("button", { name: "Yes" }).click();
  await seen(page.getByRole("region", { name: "Results" }).getByText("dead lettered"));
  assert.equal(await attempts(), 2);
});

test("names and metadata are shown as text, never as HTML", async () => {
  const hostile = `<img src=x onerror="window.hacked = true"><script>hacked = true</script>`;
  const username = newId("hostile");
  const user = sampleEvent("user.created", {
    data: {
      first_name: hostile,
      username,
      public_metadata: { [hostile]: hostile, link: "javascript:alert(1)" },
    },
  });
  const { id } = user.data;
  await mirror.send(user);
  const letter = newId("msg");
  await mirror.send(
    sampleEvent("user.created", { data: { first_name: hostile, created_at: hostile } }),
    { id: letter },
  );
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await goTo(page, "Objects");
  await page.getByRole("searchbox").fill(username);
  await seen(page.getByText(hostile));
  await page.getByRole("link").filter({ hasText: id }).click();
  await seen(page.getByRole("heading", { level: 1 }).getByText(hostile));
  await page.getByRole("link", { name: "View as this user" }).click();
  await page.locator("summary", { hasText: "profiles" }).click();
  await seen(page.getByRole("cell", { name: hostile, exact: true }));
  await goTo(page, "Dead letters");
  const article = page.getByRole("article").filter({ hasText: letter });
  await article.locator("summary").click();
  await seen(article.getByText("onerror"));
  assert.equal(await page.evaluate("window.hacked"), undefined);
  assert.equal(await page.locator("main img, main script").count(), 0);
});

test("everything can be reached and done with the keyboard alone", async () => {
  await mirror.sql`delete from clerk_sync.dead_letters`;
  await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
  await using open = await openPage(browser, hosted.link);
  const { page } = open;
  await seen(page.getByRole("navigation"));
  const focused = page.locator(":focus");
  /** Goes on by Tab until what has the focus says so. */
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate("document.activeElement.innerText");
      if (String(name).includes(text)) return;
    }
    assert.fail(`"${text}" is not reached by Tab`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await focused.innerText(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await focused.getAttribute("id"), "content");
  await page.keyboard.press("Tab");
  assert.equal(await focused.innerText(), "Pause");
  await page.reload();
  await seen(page.getByRole("navigation"));
  await tabTo("Dead letters");
  await page.keyboard.press("Enter");
  await seen(page.getByRole("heading", { level: 1, name: "Dead letters" }));
  // The view has the focus once it has been drawn.
  await eventually(async () => assert.equal(await focused.getAttribute("id"), "content"));
  await seen(page.getByRole("button", { name: "Replay all" }));
  await tabTo("Replay all");
  const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
  assert.equal(outline, "solid", "the focus can be seen");
  await page.keyboard.press("Enter");
  await seen(page.getByRole("dialog"));
  assert.match(await focused.innerText(), /No/, "no is what Enter would say");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await seen(page.getByRole("region", { name: "Results" }).getByText("dead lettered"));
});

/** Every view, with something in it. */
async function fillViews(): Promise<string[]> {
  const user = sampleEvent("user.created");
  const { id } = user.data;
  const organization = sampleEvent("organization.created", { data: { created_by: id } });
  await mirror.send(user);
  await mirror.send(organization);
  await mirror.send(sampleEvent("session.created", { data: { user_id: id } }));
  await mirror.send(sampleEvent("organizationMembership.created", {
    data: { "organization.id": organization.data.id, "public_user_data.user_id": id },
  }));
  await mirror.send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
  return [
    "events",
    "events?outcome=dead_lettered",
    "objects",
    "objects?query=ada",
    `objects/${id}`,
    `view-as/${id}`,
    "dead-letters",
    "effects",
    "status",
    "send",
  ];
}

/** All requests of a view have been answered, and what is folded is open. */
async function settle(page: Page): Promise<void> {
  await gone(page.getByText(/^(?:Reading|Looking) …$/));
  await page.waitForLoadState("networkidle");
  await page.evaluate(`document.querySelectorAll("details").forEach((one) => one.open = true)`);
}

test("axe finds no violation on any view, in light and dark, on a laptop and a phone", async () => {
  const axe = createRequire(import.meta.url).resolve("axe-core");
  const source = await Deno.readTextFile(axe);
  const views = await fillViews();
  const devices = [
    { colorScheme: "light", viewport: { width: 1280, height: 800 } },
    { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
    { colorScheme: "dark", viewport: { width: 360, height: 740 } },
  ] as const;
  await Promise.all(devices.map(async (device) => {
    await using open = await openPage(browser, dev.link, device);
    const { page } = open;
    await seen(page.getByRole("navigation"));
    for (const view of views) {
      await page.evaluate((view) => location.hash = `#/${view}`, view);
      await settle(page);
      await page.evaluate(source);
      const found = await page.evaluate(`axe.run().then(({ passes, violations }) =>
        passes.length < 10 ? ["hardly anything was looked at"] :
        violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`);
      assert.deepEqual(found, [], `${view}, ${JSON.stringify(device)}`);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert.ok(Number(width) <= device.viewport.width, `${view} is ${width} px wide`);
    }
  }));
});

test("10,000 events at once don't freeze the page: it shows the newest, and how many more there are", async () => {
  await using open = await openPage(browser, dev.link);
  const { page } = open;
  await mirror.send(sampleEvent("user.created"));
  await seen(page.locator("table.events"));
  // The longest time that the page could not have answered a click.
  await page.evaluate(`
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    }).observe({ type: "longtask" });`);
  const prefix = newId("msg");
  for (let batch = 0; batch < 10; batch++) {
    await mirror.sql`
      insert into clerk_sync.webhook_events (id, type, object_id, occurred_at)
      select ${prefix} || to_char(${batch} * 1000 + n, 'FM00000'), 'user.created', 'user_burst', now()
      from generate_series(1, 1000) as n`;
  }
  await seen(page.getByText(/^[\d,]+ events arrived at once and are left out of this list/));
  await seen(page.locator(`tr[data-id="${prefix}10000"]`));
  const drawn = await page.locator("table.events tbody tr").count();
  assert.ok(drawn <= 201, `${drawn} rows`);
  await page.getByRole("button", { name: "Older" }).click();
  await eventually(async () => {
    assert.ok(await page.locator("table.events tbody tr").count() > drawn);
  });
  const longest = Number(await page.evaluate("longest"));
  assert.ok(longest < 500, `it was busy for ${longest} ms`);

  await page.getByRole("button", { name: "Reload the list" }).click();
  await gone(page.getByText("arrived at once"));
  await seen(page.locator(`tr[data-id="${prefix}10000"]`));
  // Page by page, none is missing.
  await page.getByRole("button", { name: "Older" }).click();
  await eventually(async () => {
    const ids = await page.locator("table.events tbody tr").evaluateAll(
      (rows) => rows.map((row) => row.getAttribute("data-id")),
    );
    assert.ok(ids.length >= 300, `${ids.length} rows`);
    const expected = ids.map((_id, index) => `${prefix}${String(10_000 - index).padStart(5, "0")}`);
    assert.deepEqual(ids, expected);
  });
});

test("a stopped database is reported, and the page catches up once it is back", async () => {
  await using own = await openOwnMirror();
  const server = await openConsole(own, "dev");
  try {
    await using open = await openPage(browser, server.link);
    const { page } = open;
    const before = sampleEvent("user.created");
    await own.send(before);
    await seen(page.getByRole("row").filter({ hasText: before.data.id }));
    await own.stack.postgres.stop();
    const banner = page.getByRole("status").filter({ hasText: "does not answer" });
    await seen(banner);
    await seen(page.getByRole("row").filter({ hasText: before.data.id }));

    await own.stack.restartPostgres();
    const missed = Array.from({ length: 3 }, () => sampleEvent("user.created"));
    for (const event of missed) assert.equal((await own.send(event)).outcome, "applied");
    await gone(banner);
    await eventually(async () => {
      const expected = [...missed.toReversed(), before].map(({ data }) => data.id);
      assert.deepEqual(await listedObjects(page), expected);
    });
  } finally {
    await server.close();
  }
});

test("a console whose process has ended is reported", async () => {
  await using server = await openConsole(mirror, "dev");
  await using open = await openPage(browser, server.link);
  const { page } = open;
  await seen(page.getByRole("navigation"));
  await server.close();
  await seen(page.getByRole("status").filter({ hasText: "its process may have ended" }));
});
