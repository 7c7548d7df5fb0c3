import { spawn } from "node:child_process";
import process from "node:process";

/** What opens a URL on each system. */
const OPENERS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "/usr/bin/open",
  linux: "xdg-open",
};

/**
 * Opens a URL in the browser, if there is a terminal and apparently a desktop. Whether it works doesn't
 * matter: the link is printed too.
 */
export function openBrowser(link: string): void {
  const opener = OPENERS[process.platform];
  if (opener === undefined || !process.stdout.isTTY) return;
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const child = spawn(opener, [link], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
