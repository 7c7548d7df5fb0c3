import process from "node:process";
import { type Browser, chromium } from "playwright-core";
import { findBrowser } from "./find_browser.ts";

/**
 * Starts a browser without a window.
 *
 * @throws {Error} in a sentence, if there is none.
 */
export async function openBrowser(): Promise<Browser> {
  const { path, env } = await findBrowser();
  return await chromium.launch({
    executablePath: path,
    // It opens the pages of this repository alone, so it may go without a sandbox, which root and most
    // containers can't give it.
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
