import { Away } from "./api.ts";
import { reportAbsence } from "./connection.ts";

/** What is asked again and again. */
export interface PollOptions {
  /**
   * Asks once.
   *
   * @returns Milliseconds until it is asked again.
   */
  ask(signal: AbortSignal): Promise<number>;
  /** What was refused. Nobody being there is reported to the whole page instead. */
  onRefusal(error: Error): void;
}

/** A poll that is going on. */
export interface Poll {
  /** Asks now rather than later. */
  hurry(): void;
  stop(): void;
}

/** Milliseconds: longer each time, so that a database that comes back is not met by a crowd. */
const PATIENCE = [1000, 2000, 3000, 5000];

/** Milliseconds. What is refused is likely to be refused again. */
const AFTER_REFUSAL = 10_000;

/** Asks now, and then again and again while the page can be seen. */
export function startPoll({ ask, onRefusal }: PollOptions): Poll {
  const asker = Symbol("asker");
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  /** What is being asked may be answered with what was before. */
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
