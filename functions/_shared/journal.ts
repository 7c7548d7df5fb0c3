import { Misconfiguration } from "./misconfiguration.ts";
import type { Env } from "./read_env.ts";

/** Milliseconds in which a hosted function's log keeps 100 lines, and drops the rest. */
const WINDOW = 10_000;

/** Successes that a window logs by default: enough to see that things work, with room for the rest. */
const DEFAULT_SUCCESSES = 20;

/** What a line says. */
export type JournalFields = Record<string, unknown>;

/** A log in which failures are never drowned out by successes. */
export interface Journal {
  /** Writes a line if there is room in this window; otherwise counts it, for the next line to report. */
  succeed(fields: JournalFields): void;
  /** Writes a line unconditionally. */
  fail(fields: JournalFields): void;
}

/** How to keep a journal. */
export interface JournalOptions {
  /** Successes logged in ten seconds; all by default. */
  successes?: number;
  /** Takes a line of JSON. */
  log: (line: string) => void;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
}

/** Creates a journal. Lines are JSON; `unlogged` is how many successes were left out before this line. */
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

/** A function's journal: as configured, or with all lines if the configuration is wrong. */
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
 * Reads `LOG_SUCCESSES`: how many successes are logged in ten seconds, or "all".
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
