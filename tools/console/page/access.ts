import { createStore } from "./store.ts";

const KEY = "console-token";

/** Whether the server takes the token. "open" until it says otherwise. */
export const access = createStore<"open" | "refused">("open");

/**
 * Takes the token out of the address, where it would be seen and kept, into the storage of this tab.
 * Called at the beginning, and whenever the address changes: another link may be opened in the same tab.
 *
 * @returns Whether there was one.
 */
export function takeToken(): boolean {
  const [, token] = /^#token=([^&]+)/.exec(location.hash) ?? [];
  if (token === undefined) return false;
  sessionStorage.setItem(KEY, decodeURIComponent(token));
  history.replaceState(null, "", "#/events");
  access.set("open");
  return true;
}

/** The token of this tab; an empty one is refused as a wrong one is. */
export function readToken(): string {
  return sessionStorage.getItem(KEY) ?? "";
}
