/** Follows the progress of a long run. */
export interface Observer {
  /** @param count Objects that were read before. */
  begin(resource: string, count: number): void;
  /** @param expected How many there are in total, if known. */
  advance(resource: string, count: number, expected: number | undefined): void;
  end(resource: string, count: number): void;
  /** A resource that isn't read, and why. */
  skip(resource: string, reason: string): void;
  /** A warning that doesn't stop the run. */
  warn(message: string): void;
}

/** No observer. */
export const unobserved: Observer = {
  begin() {},
  advance() {},
  end() {},
  skip() {},
  warn() {},
};
