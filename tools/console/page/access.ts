import { createStore } from "./store.ts";

const KEY = "console-token";

/** Whether the server accepts the token. "open" until it says otherwise. */
export const access = createStore<"open" | "refused">("open");

/**
 * Moves the token from the URL, where it would be visible and kept, to this tab's storage. Called at the
 * start, and whenever the URL changes: another link may be opened in the same tab.
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

/** This tab's token; an empty one is refused like a wrong one. */
export function readToken(): string {
  return sessionStorage.getItem(KEY) ?? "";
}
