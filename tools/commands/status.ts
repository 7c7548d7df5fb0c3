/** Says how the mirror is doing: each line well, worth a look, or broken, and what to do. */
import process from "node:process";
import { commandLine, defineCommand } from "./cli/command.ts";
import { pauseInSeconds } from "./cli/numbers.ts";
import { formatStatus } from "./status/format_status.ts";
import { LEVELS, type StatusReport } from "./status/status_report.ts";
import { readStatusEnv } from "./status/status_env.ts";
import { takeStatus } from "./status/take_status.ts";

/** Exit status if the status couldn't be taken: what can't be checked counts as broken. */
export const failure = LEVELS.indexOf("broken");

/** Seconds between two looks, if `--watch` names none. */
const PAUSE = 10;

const parsePause = pauseInSeconds("--watch");

export const command = defineCommand(
  "status",
  `Says how the mirror is doing, and what to do about what it finds. It asks the database, and sends the function
a signed probe that changes nothing. Exit status: 0 if all is well, 1 if something is worth a look, 2 if
something is broken or can't be checked. The project is the one in SUPABASE_URL and SUPABASE_SECRET_KEYS, from the
environment, then from .env; else the running "${commandLine("dev")}".`,
)
  .option("--url <url>", "The Supabase project; SUPABASE_URL by default")
  .option("--key <key>", "Its secret key; SUPABASE_SECRET_KEYS by default")
  .option(
    "--function-url <url>",
    "Where Clerk sends its webhooks; the project's clerk-webhook by default",
  )
  .option(
    "--secret <secret>",
    "What to sign the probe with; CLERK_WEBHOOK_SIGNING_SECRET by default. Without it, everything but the " +
      "secret is probed",
  )
  .option(
    "--json",
    "Print the status as JSON, with what the database reported; with --watch, one line each time",
    false,
  )
  .option(
    "--watch [seconds]",
    `Keep looking until Ctrl-C, with a pause of ${PAUSE} seconds by default`,
    parsePause,
  )
  .action(async ({ json, watch, ...given }) => {
    const options = await readStatusEnv(given);
    const pause = watch === true ? PAUSE : watch;
    const interrupted = pause === undefined ? undefined : nextInterrupt();
    let isOver = pause === undefined;
    interrupted?.then(() => isOver = true);
    do {
      const report = await takeStatus(options);
      print(report, json, pause !== undefined);
      process.exitCode = LEVELS.indexOf(report.level);
      if (!isOver) await Promise.race([interrupted, sleep(pause ?? 0)]);
    } while (!isOver);
  });

function print(report: StatusReport, isJson: boolean, isWatching: boolean): void {
  if (isJson) return console.log(JSON.stringify(report, null, isWatching ? 0 : 2));
  if (isWatching && process.stdout.isTTY) console.log("\x1b[2J\x1b[H");
  console.log(formatStatus(report));
}

function nextInterrupt(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
