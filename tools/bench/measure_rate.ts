/** How much load, and for how long. */
export interface RateOptions {
  /** Calls in flight at any time. */
  callers: number;
  seconds: number;
}

/** Calls per second of callers that each make one call after another. */
export async function measureRate(
  { callers, seconds }: RateOptions,
  call: () => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let calls = 0;
  const work = async () => {
    for (; performance.now() < endsAt; calls++) await call();
  };
  await Promise.all(Array.from({ length: callers }, work));
  return calls / (performance.now() - startedAt) * 1000;
}
