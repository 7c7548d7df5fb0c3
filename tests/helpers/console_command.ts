/** The command `console` as a process of its own. */
import { stripVTControlCharacters } from "node:util";
import type { Finished } from "./command.ts";

/** Milliseconds within which it has to be up. */
const DEADLINE = 60_000;

/** A command that serves a console, and has said where. */
export interface RunningConsole {
  link: URL;
  token: string;
  /** All that it has said until it told the link. */
  output: string;
  /** Asks as the page does. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; answer: unknown }>;
  signal(name: Deno.Signal): void;
  ended: Promise<Finished>;
}

/**
 * Starts a command that prints the link of a console, and something about Ctrl-C after it.
 *
 * @param command With its output piped.
 */
export async function startConsoleCommand(command: Deno.Command): Promise<RunningConsole> {
  const child = command.spawn();
  const [shown, rest] = child.stdout.tee();
  const ended = Promise.all([
    child.status,
    new Response(rest).text(),
    new Response(child.stderr).text(),
  ]).then(([{ code }, stdout, stderr]) => ({ code, output: stdout + stderr }));
  const timeout = setTimeout(() => child.kill("SIGTERM"), DEADLINE);
  let output = "";
  for await (const part of shown.pipeThrough(new TextDecoderStream())) {
    output += stripVTControlCharacters(part);
    if (output.includes("Ctrl-C")) break;
  }
  clearTimeout(timeout);
  const [link, token = ""] = /http:\/\/127\.0\.0\.1:\d+\/#token=([\w-]+)/.exec(output) ?? [];
  if (link === undefined) throw new Error(`It did not start: ${(await ended).output}`);
  return {
    link: new URL(link),
    token,
    output,
    async ask(path, init = {}) {
      const headers = { ...init.headers, "x-console-token": token };
      const response = await fetch(new URL(path, link), { ...init, headers });
      return { status: response.status, answer: await response.json() };
    },
    signal: (name) => child.kill(name),
    ended,
  };
}
