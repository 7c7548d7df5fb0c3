import { readFile } from "node:fs/promises";
import { isPacked } from "../installing/sql/contents.ts";

/** A file of the page, as it is served. */
export interface PageFile {
  /** Its content type. */
  type: string;
  body: Uint8Array | string;
}

/** What the page consists of, with content types. */
export const PAGE_FILES = [
  { path: "/", name: "index.html", type: "text/html; charset=utf-8" },
  { path: "/app.js", name: "app.js", type: "text/javascript; charset=utf-8" },
  { path: "/app.css", name: "app.css", type: "text/css; charset=utf-8" },
  { path: "/icon.svg", name: "icon.svg", type: "image/svg+xml" },
] as const;

/** Next to the packed command line. */
const FOLDER = new URL("./contents/console/", import.meta.url);

/** Reads the console's page, by the paths it is served at; in the repository it is built from its files. */
export async function readPage(): Promise<Map<string, PageFile>> {
  if (!isPacked) {
    const { buildPage } = await import("./build_page.ts");
    return (await buildPage()).files;
  }
  const files = PAGE_FILES.map(async ({ path, name, type }) => {
    const body = await readFile(new URL(name, FOLDER), "utf8");
    return [path, { type, body }] as const;
  });
  return new Map(await Promise.all(files));
}
