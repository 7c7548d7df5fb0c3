import process from "node:process";
import { styleText } from "node:util";
// @ts-types="@types/cli-progress"
import cliProgress from "cli-progress";
import type { Observer } from "../../../functions/_shared/runs/observer.ts";

/** Shows how far a long run has got. */
export interface Progress extends Observer {
  /** Something that pauses the run for a while. */
  pause(reason: string): void;
  /** Releases the terminal. */
  stop(): void;
  /** What to do before an interruption ends the command. */
  beforeInterruption?: () => Promise<void>;
}

/** Exit status of a command that was interrupted. */
const INTERRUPTED = 130;

/** Milliseconds that an interrupted command may take to record that. */
const LONGEST_FAREWELL = 3_000;

function exit(): void {
  process.exit(INTERRUPTED);
}

/**
 * Shows the progress of some work: a bar per resource on a terminal, otherwise one line per page. However the
 * work ends, the terminal is left as it was.
 */
export async function withProgress<Result>(
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const progress = process.stdout.isTTY ? createBars() : createLines();
  let isInterrupted = false;
  const interrupt = async () => {
    // A second interrupt doesn't wait for it.
    if (isInterrupted) exit();
    isInterrupted = true;
    progress.stop();
    setTimeout(exit, LONGEST_FAREWELL);
    await progress.beforeInterruption?.().catch(() => {});
    exit();
  };
  process.on("SIGINT", interrupt);
  try {
    return await work(progress);
  } finally {
    process.off("SIGINT", interrupt);
    progress.stop();
  }
}

const NAME_WIDTH = 18;

function createBars(): Progress {
  const bars = new cliProgress.MultiBar({
    format: `{name} {bar} {percentage}%  {count}  {rate}/s  {left}`,
    stream: process.stdout,
    hideCursor: true,
    autopadding: true,
    barsize: 16,
    linewrap: false,
  }, cliProgress.Presets.shades_classic);
  const open = new Map<string, { bar: cliProgress.SingleBar; pace: Pace }>();
  return {
    begin(resource, count) {
      const bar = bars.create(1, 0, {
        name: resource.padEnd(NAME_WIDTH),
        count,
        rate: "0",
        left: "",
      });
      open.set(resource, { bar, pace: startPace(count) });
    },
    advance(resource, count, expected) {
      const { bar, pace } = open.get(resource) ?? {};
      bar?.setTotal(Math.max(count, expected ?? 0));
      bar?.update(count, { ...pace?.(count, expected), count: formatCount(count, expected) });
    },
    end(resource, count) {
      const { bar, pace } = open.get(resource) ?? {};
      bar?.setTotal(Math.max(1, count));
      bar?.update(Math.max(1, count), {
        ...pace?.(count, count),
        left: "done",
        count: formatCount(count, count),
      });
      bar?.stop();
    },
    skip: (resource, reason) => bars.log(`${resource.padEnd(NAME_WIDTH)} ${reason}\n`),
    pause: (reason) => bars.log(`${styleText("yellow", `${reason}; trying again`)}\n`),
    warn: (message) => bars.log(`${styleText("yellow", message)}\n`),
    stop: () => bars.stop(),
  };
}

function createLines(): Progress {
  const paces = new Map<string, Pace>();
  return {
    begin: (resource, count) => void paces.set(resource, startPace(count)),
    advance(resource, count, expected) {
      const { rate, left } = paces.get(resource)?.(count, expected) ?? { rate: "0", left: "" };
      const figures = [formatCount(count, expected), `${rate}/s`, left].filter((text) =>
        text !== ""
      );
      console.log(`${resource.padEnd(NAME_WIDTH)} ${figures.join("  ")}`);
    },
    end: (resource, count) =>
      console.log(`${resource.padEnd(NAME_WIDTH)} ${count.toLocaleString("en")} read`),
    skip: (resource, reason) => console.log(`${resource.padEnd(NAME_WIDTH)} ${reason}`),
    pause: (reason) => console.log(`${reason}; trying again`),
    warn: (message) => console.log(message),
    stop() {},
  };
}

/** Objects per second of this run so far, and the time left at that pace. */
type Pace = (count: number, expected: number | undefined) => { rate: string; left: string };

function startPace(initialCount: number): Pace {
  const startedAt = performance.now();
  return (count, expected) => {
    const rate = (count - initialCount) / ((performance.now() - startedAt) / 1000);
    const left = expected === undefined || rate === 0
      ? ""
      : `${formatDuration(Math.max(0, expected - count) / rate)} left`;
    return { rate: Math.round(rate).toLocaleString("en"), left };
  };
}

function formatCount(count: number, expected: number | undefined): string {
  const read = count.toLocaleString("en");
  return expected === undefined
    ? read
    : `${read} of ${Math.max(count, expected).toLocaleString("en")}`;
}

function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
