/** A browser that can be driven. */
export interface FoundBrowser {
  /** The program. */
  path: string;
  /** What its process needs besides the environment. */
  env: Record<string, string>;
}
