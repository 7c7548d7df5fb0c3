import process from "node:process";
import { styleText } from "node:util";
import { Command, CommanderError, Help } from "@commander-js/extra-typings";
import { Misconfiguration } from "../../../functions/_shared/misconfiguration.ts";
import { isPacked } from "../../installing/sql/contents.ts";

/** How a command is called: from the package, or as a task of the repository. */
export function commandLine(name: string): string {
  return isPacked ? `npx clerk-supabase-mirror ${name}` : `deno task ${name}`;
}

/**
 * Begins the definition of a command: `--help` shows its description, and unknown options are refused with
 * the nearest known one before the command does anything.
 *
 * @param name As in `deno task <name>`.
 */
export function defineCommand(name: string, description: string): Command {
  return new Command(commandLine(name))
    .description(unwrap(description))
    .helpOption("-h, --help", "Show this help")
    .allowExcessArguments(false)
    .configureHelp({
      helpWidth: 100,
      optionDescription: (option) => unwrap(new Help().optionDescription(option)),
    })
    .configureOutput({ outputError: (text, write) => write(styleError(capitalize(text))) })
    .exitOverride();
}

/**
 * Runs a command. If something goes wrong, prints a sentence, and the command fails.
 *
 * @param failure The exit status in that case.
 * @param args Those of this process by default.
 */
export async function runCommand(
  command: { parseAsync(args: string[], options: { from: "user" }): Promise<unknown> },
  failure = 1,
  args = process.argv.slice(2),
): Promise<void> {
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has printed its message already.
      if (error.exitCode !== 0) process.exitCode = failure;
      return;
    }
    console.error(styleError(describeError(error)));
    process.exitCode = failure;
  }
}

/** Red on a terminal. */
export function styleError(text: string): string {
  return styleText("red", text);
}

/** Line breaks in the source mean nothing on the terminal: help is wrapped again. */
function unwrap(text: string): string {
  return text.replaceAll("\n", " ");
}

/** "error: unknown option …" as its own sentence. */
function capitalize(text: string): string {
  return text.replace(/^error: (.)/, (_match, first: string) => first.toUpperCase());
}

/** What went wrong, as a sentence. */
export function describeError(error: unknown): string {
  if (error instanceof Misconfiguration) return `${error.variable}: ${error.message}`;
  const message = error instanceof Error ? error.message : String(error);
  return isUnknownName(error) ? `${message}. ${UNKNOWN_NAME}` : message;
}

/** What the REST API answers for a function, a table or a schema that it doesn't have. */
const UNKNOWN_NAME_CODES = ["PGRST106", "PGRST202", "PGRST205"];

const UNKNOWN_NAME =
  "The mirror is not in this project, or has other names there: set CLERK_MIRROR_SCHEMA and " +
  "CLERK_MIRROR_PREFIX to the names it was installed under. A schema has to be one that the API " +
  "exposes";

/** Whether an error was caused by a name that the REST API doesn't know. */
function isUnknownName(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if ("code" in error && UNKNOWN_NAME_CODES.includes(String(error.code))) return true;
  return "cause" in error && isUnknownName(error.cause);
}
