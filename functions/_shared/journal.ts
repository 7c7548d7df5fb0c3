import { Misconfiguration } from "./misconfiguration.ts";
import type { Env } from "./read_env.ts";

/** Milliseconds in which a hosted function's log keeps 100 lines, and drops what is more. */
const WINDOW = 10_000;

/** Lines for what went well that a window has by default: enough to see that it does, and room for the rest. */
const DEFAULT_SUCCESSES = 20;

/** What a line says. */
export type JournalFields = Record<string, unknown>;

/** A log in which what went wrong is never drowned by what went well. */
export interface Journal {
  /** Writes a line as long as there is room in this window; else it is counted, and the next one tells. */
  succeed(fields: JournalFields): void;
  /** Writes a line, whatever else there is. */
  fail(fields: JournalFields): void;
}

/** How to keep a journal. */
export interface JournalOptions {
  /** Lines for what went well in ten seconds; all by default. */
  successes?: number;
  /** Takes a line of JSON. */
  log: (line: string) => void;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}

/** Makes a journal. Lines are JSON; `unlogged` is how many successes before this line have none. */
export function createJournal(options: JournalOptions): Journal {
  const { successes = Infinity, log, now = () => performance.now() } = options;
  let windowEndsAt = -Infinity;
  let room = 0;
  let unlogged = 0;
  return {
    succeed(fields) {
      if (now() >= windowEndsAt) {
        windowEndsAt = now() + WINDOW;
        room = successes;
      }
      if (room <= 0) {
        unlogged++;
        return;
      }
      room--;
      log(JSON.stringify(unlogged > 0 ? { ...fields, unlogged } : fields));
      unlogged = 0;
    },
    fail: (fields) => log(JSON.stringify(fields)),
  };
}

/** The journal of a function: as its configuration says, or with all lines where that is wrong. */
export function openJournal(
  config: { loggedSuccesses: number } | Misconfiguration,
  log: (line: string) => void,
): Journal {
  return createJournal({
    log,
    ...(config instanceof Misconfiguration ? {} : { successes: config.loggedSuccesses }),
  });
}

/**
 * Reads `LOG_SUCCESSES`: how many lines for what went well the log gets in ten seconds, or "all".
 *
 * @throws {Misconfiguration} if it is neither.
 */
export function readLoggedSuccesses(env: Env): number {
  const text = env.get("LOG_SUCCESSES");
  if (!text) return DEFAULT_SUCCESSES;
  if (text === "all") return Infinity;
  if (!/^\d{1,6}$/.test(text)) {
    throw new Misconfiguration("LOG_SUCCESSES", 'It is neither a whole number nor "all"');
  }
  return Number(text);
}
