/** Makes the pictures in the docs from the running console, so that they stay true. */
import { join } from "node:path";
import postgres from "postgres";
import type { BrowserContext, Page } from "playwright-core";
import { openBrowser } from "./browser/open_browser.ts";
import { defineCommand, runCommand } from "../commands/cli/command.ts";
import { serveDevConsole } from "../development/dev/serve_dev_console.ts";
import { deliver } from "../development/events/deliver.ts";
import { newId } from "../development/events/new_id.ts";
import { type SampleEvent, sampleEvent } from "../development/events/sample_event.ts";
import { newSigningSecret, signedRequest } from "../development/events/signed_request.ts";
import { type Story, tellStory } from "../development/events/story.ts";
import { serveWebhook } from "../development/stack/serve_webhook.ts";
import { type Stack, startStack } from "../development/stack/stack.ts";
import { ROOT } from "../development/stack/supabase_cli.ts";

const FOLDER = join(ROOT, "docs", "pictures");

/** CSS pixels, and how many pixels of the picture there are to each. */
const WIDTH = 1200;
const DENSITY = 1.5;

/** Bytes. Pictures in a README should load instantly. */
const LARGEST = 200_000;

const SCHEMES = ["light", "dark"] as const;

/** Milliseconds of a minute of the story. */
const MINUTE = 250;

/** Milliseconds from an event to the arrival of its webhook. */
const DELAY = 300;

/** Sends an event as Clerk would. */
type Send = (event: SampleEvent, id?: string) => Promise<void>;

/** Users that existed before the story. */
async function populate(send: Send): Promise<void> {
  const names = ["Mary Somerville", "Charles Babbage", "Michael Faraday", "Annabella Byron"];
  for (const name of names) {
    const [first_name, last_name] = name.split(" ");
    const user = sampleEvent("user.created", {
      data: { first_name, last_name, username: newId("u") },
    });
    await send(user);
    await send(sampleEvent("session.created", { data: { user_id: user.data.id } }));
  }
  const organization = sampleEvent("organization.created", {
    data: { name: "Royal Society", slug: "royal-society" },
  });
  await send(organization);
  await send(sampleEvent("organizationMembership.created", {
    data: { "organization.id": organization.data.id },
  }));
}

/** What an application has beyond the mirror: one table with a policy, and one without. */
async function addApplication({ databaseUrl }: Stack, { ada, grace }: Story): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`create table public.notes (
      id integer generated always as identity primary key,
      author_id text not null,
      title text not null
    )`;
    await sql`alter table public.notes enable row level security`;
    await sql`grant select on public.notes to authenticated`;
    await sql`grant all on public.notes to service_role`;
    await sql`create policy "Authors read their notes" on public.notes for select to authenticated
      using (author_id = ((select auth.jwt()) ->> 'sub'))`;
    await sql`insert into public.notes (author_id, title) values
      (${ada}, 'On the Bernoulli numbers'),
      (${ada}, 'What the engine can’t do'),
      (${grace}, 'A moth in relay 70')`;
    await sql`create table public.feature_flags (name text primary key, is_on boolean not null)`;
    await sql`grant select on public.feature_flags to authenticated`;
    await sql`grant all on public.feature_flags to service_role`;
    await sql`insert into public.feature_flags values ('looms', true), ('punched_cards', false)`;
  } finally {
    await sql.end();
  }
}

/** Each webhook arrives a moment after what it reports; one can't be applied. */
async function play({ opening }: Story, send: Send): Promise<void> {
  for (const { event, id, isForged } of opening) {
    if (isForged) continue;
    await until(event.timestamp + DELAY);
    await send(event, id);
  }
  await send(sampleEvent("user.created", { data: { created_at: "yesterday" } }));
}

async function until(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now())));
}

async function pictureEvents(page: Page): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: "Events" }).click();
  await page.getByRole("row").filter({ hasText: "dead lettered" }).waitFor();
}

async function pictureViewAs(page: Page): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: "View as" }).click();
  await page.getByRole("searchbox").fill("Augusta Ada");
  await page.getByRole("link").filter({ hasText: "Augusta Ada" }).click();
  await page.locator("summary").filter({ hasText: "notes" }).click();
  await page.getByRole("cell", { name: "On the Bernoulli numbers" }).waitFor();
}

/** Each shows its subject to the end, and no more. */
const PICTURES = [
  { name: "events", height: 470, prepare: pictureEvents },
  { name: "view-as", height: 522, prepare: pictureViewAs },
];

async function takePictures(context: BrowserContext, link: string, scheme: string) {
  const page = await context.newPage();
  await page.goto(link);
  for (const { name, height, prepare } of PICTURES) {
    await page.setViewportSize({ width: WIDTH, height });
    await prepare(page);
    await page.mouse.move(0, 0);
    await page.evaluate("document.activeElement?.blur()");
    const path = join(FOLDER, `${name}-${scheme}.png`);
    const { length } = await page.screenshot({ path, animations: "disabled" });
    if (length > LARGEST) throw new Error(`"${path}" has ${length} bytes: make it smaller`);
    console.log(`${path}, ${Math.round(length / 1000)} kB`);
  }
}

const command = defineCommand(
  "pictures",
  `Makes the pictures in the docs, docs/pictures, from the running console: the demo's story in a
throwaway stack, and what one of its users sees.`,
).action(async () => {
  await using cleanUp = new AsyncDisposableStack();
  const browser = await openBrowser();
  cleanUp.defer(() => browser.close());
  const stack = await startStack();
  cleanUp.defer(() => stack.stop());
  const secret = newSigningSecret();
  const url = serveWebhook(stack, { CLERK_WEBHOOK_SIGNING_SECRET: secret }, { log: () => {} });
  const server = await serveDevConsole(stack, url, secret);
  cleanUp.defer(() => server.close());

  const send: Send = async (event, id = newId("msg")) => {
    await deliver(signedRequest(url, secret, JSON.stringify(event), { id }));
  };
  await populate(send);
  const story = tellStory(Date.now(), MINUTE);
  await play(story, send);
  await addApplication(stack, story);
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const colorScheme of SCHEMES) {
    const context = await browser.newContext({
      colorScheme,
      deviceScaleFactor: DENSITY,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
    });
    await takePictures(context, server.link, colorScheme);
  }
});

await runCommand(command);
