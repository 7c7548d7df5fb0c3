import process from "node:process";
import { type Browser, chromium } from "playwright-core";
import { findBrowser } from "./find_browser.ts";

/**
 * Starts a headless browser.
 *
 * @throws {Error} with a sentence, if there is none.
 */
export async function openBrowser(): Promise<Browser> {
  const { path, env } = await findBrowser();
  return await chromium.launch({
    executablePath: path,
    // It only opens the pages of this repository, so it may run without a sandbox, which isn't available to
    // root or in most containers.
    chromiumSandbox: false,
    args: ["--font-render-hinting=none"],
    env: { ...definedEnv(), ...env },
  });
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]]
    ),
  );
}
