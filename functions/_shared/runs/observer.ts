/** Whoever watches how far a long run has come. */
export interface Observer {
  /** @param count Objects that were read before. */
  begin(resource: string, count: number): void;
  /** @param expected How many there are in all, if anybody knows. */
  advance(resource: string, count: number, expected: number | undefined): void;
  end(resource: string, count: number): void;
  /** A resource that is not read, and why. */
  skip(resource: string, reason: string): void;
  /** Something that is worth a look, and holds nothing up. */
  warn(message: string): void;
}

/** Nobody watches. */
export const unobserved: Observer = {
  begin() {},
  advance() {},
  end() {},
  skip() {},
  warn() {},
};
