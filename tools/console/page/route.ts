import { createStore } from "./store.ts";

/** Where the page is, after the "#": "#/objects/user_1?table=profiles". */
export interface Route {
  /** Such as "objects". */
  view: string;
  /** The rest of it, such as an id; empty if there is none. */
  id: string;
  query: URLSearchParams;
}

/** Where the page is. */
export const route = createStore<Route>(parseRoute(location.hash));

/** Reads the URL again. */
export function followAddress(): void {
  route.set(parseRoute(location.hash));
}

function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", id = ""] = path.split("/", 2);
  return { view: view === "" ? "events" : view, id: decode(id), query: new URLSearchParams(query) };
}

/** The URL may contain anything. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The URL of a view; empty parameters are left out. */
export function addressOf(view: string, id = "", query: Record<string, string> = {}): string {
  const parameters = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== ""),
  );
  const path = id === "" ? view : `${view}/${encodeURIComponent(id)}`;
  return parameters.size > 0 ? `#/${path}?${parameters}` : `#/${path}`;
}

/** Navigates there; the back button returns. */
export function goTo(address: string): void {
  location.hash = address;
}
