/** A browser that can be driven. */
export interface FoundBrowser {
  /** The program. */
  path: string;
  /** What its process needs in addition to the environment. */
  env: Record<string, string>;
}
