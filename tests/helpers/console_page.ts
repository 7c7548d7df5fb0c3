/** The console in a real browser, as somebody uses it. */
import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";

/** Milliseconds within which the page shows what it should. It asks about once a second. */
const PATIENCE = 10_000;

/** A page that is open. When it is closed, it must have had nothing to complain about. */
export interface OpenPage extends AsyncDisposable {
  page: Page;
  /** Where it asked for anything. */
  origins: Set<string>;
}

/** Answers that a page is meant to get, and none at all, are written to its console as errors nonetheless. */
const EXPECTED =
  /^Failed to load resource: (?:.* status of (?:401|409|502|503) |net::ERR_(?:CONNECTION|EMPTY)_)/;

/** Opens an address of the console in a browser profile of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    if (!EXPECTED.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await page.goto(url);
  return {
    page,
    origins,
    async [Symbol.asyncDispose]() {
      await context.close();
      assert.deepEqual(complaints, [], "the page complained");
    },
  };
}

/** Goes to a view as most people do: by a click on its name. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
}

/** Waits for something to be there, and to be seen. */
export async function seen(locator: Locator): Promise<void> {
  await locator.first().waitFor({ state: "visible" });
}

/** Waits for something to be there no more. */
export async function gone(locator: Locator): Promise<void> {
  await locator.first().waitFor({ state: "hidden" });
}

/** Tries until what is claimed is so; in the end, says what is not. */
export async function eventually(claim: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (true) {
    try {
      return await claim();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
