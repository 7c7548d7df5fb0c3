import { Away } from "./api.ts";
import { reportAbsence } from "./connection.ts";

/** Something that is requested repeatedly. */
export interface PollOptions {
  /**
   * Makes the request once.
   *
   * @returns Milliseconds until the next request.
   */
  ask(signal: AbortSignal): Promise<number>;
  /** A refusal. No response at all is reported to the whole page instead. */
  onRefusal(error: Error): void;
}

/** A running poll. */
export interface Poll {
  /** Makes the next request now. */
  hurry(): void;
  stop(): void;
}

/** Milliseconds: longer each time, so that a database that comes back isn't met by a crowd. */
const PATIENCE = [1000, 2000, 3000, 5000];

/** Milliseconds. A refusal is likely to repeat. */
const AFTER_REFUSAL = 10_000;

/** Makes a request now, and then repeatedly while the page is visible. */
export function startPoll({ ask, onRefusal }: PollOptions): Poll {
  const asker = Symbol("asker");
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  /** A request in flight may still return the old state. */
  let isHurried = false;
  let failures = 0;

  async function run(): Promise<void> {
    if (isAsking || document.hidden || stopped.signal.aborted) return;
    isAsking = true;
    isHurried = false;
    const pause = await attempt();
    isAsking = false;
    if (!stopped.signal.aborted) timer = setTimeout(run, isHurried ? 0 : pause);
  }

  async function attempt(): Promise<number> {
    try {
      const pause = await ask(stopped.signal);
      failures = 0;
      reportAbsence(asker, undefined);
      return pause;
    } catch (error) {
      if (stopped.signal.aborted) return 0;
      if (error instanceof Away) {
        reportAbsence(asker, error.message);
        return PATIENCE[Math.min(failures++, PATIENCE.length - 1)] ?? 0;
      }
      reportAbsence(asker, undefined);
      onRefusal(error instanceof Error ? error : new Error(String(error)));
      return AFTER_REFUSAL;
    }
  }

  function hurry(): void {
    clearTimeout(timer);
    isHurried = true;
    run();
  }

  document.addEventListener("visibilitychange", hurry);
  run();
  return {
    hurry,
    stop() {
      stopped.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", hurry);
      reportAbsence(asker, undefined);
    },
  };
}
