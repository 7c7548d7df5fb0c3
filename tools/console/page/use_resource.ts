import { useEffect, useRef, useState } from "preact/hooks";
import { type Poll, startPoll } from "./poll.ts";

/** Something that the server provides, kept up to date. */
export interface Resource<Value> {
  /** The last value. */
  value: Value | undefined;
  /** Why it was refused. */
  error: string | undefined;
  /** Requests it now. */
  reload(): void;
}

/**
 * Requests something now and at an interval, while it is shown.
 *
 * @param key What is requested: when it changes, the last value is discarded.
 * @param every Milliseconds.
 */
export function useResource<Value>(
  key: string,
  ask: (signal: AbortSignal) => Promise<Value>,
  every: number,
): Resource<Value> {
  const [told, setTold] = useState<{ key: string; value?: Value; error?: string }>({ key });
  const poll = useRef<Poll | undefined>(undefined);
  useEffect(() => {
    const current = startPoll({
      async ask(signal) {
        const value = await ask(signal);
        if (!signal.aborted) setTold({ key, value });
        return every;
      },
      onRefusal: ({ message }) => setTold({ key, error: message }),
    });
    poll.current = current;
    return () => current.stop();
  }, [key]);
  const isCurrent = told.key === key;
  return {
    value: isCurrent ? told.value : undefined,
    error: isCurrent ? told.error : undefined,
    reload: () => poll.current?.hurry(),
  };
}
