/** What the browser gets, by path: "/index.html", "/app.js". */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** A file of the page. */
export interface PageFile {
  /** As in `content-type`. */
  type: string;
  body: string | Uint8Array;
}

/** The file of a path; "/" is the page itself. */
export function findPageFile(files: PageFiles, path: string): PageFile | undefined {
  return files.get(path === "/" ? "/index.html" : path);
}
