#!/usr/bin/env node
/** The command line: `clerk-supabase-mirror <command>`. Each command is a file in `commands/`. */
import "./commands/cli/web_socket.ts";
import process from "node:process";
import { styleText } from "node:util";
import { choose } from "./commands/cli/choose.ts";
import { COMMANDS } from "./commands/cli/commands.ts";
import { commandLine, describeError, runCommand, styleError } from "./commands/cli/command.ts";
import { RELEASE } from "../functions/_shared/release.ts";

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `  ${styleText("bold", name.padEnd(14))}${summary}`
  );
  return `Usage: ${commandLine("<command>")} [options]

An exact mirror of a Clerk instance inside a Supabase project.

Commands:
${lines.join("\n")}

${
    commandLine("<command> --help")
  } says more. Exit status: 0 if everything went well, 1 if not; reconcile
and status have their own. --version shows the version.`;
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || ["-h", "--help", "help"].includes(name)) {
    console.log(usage());
    if (name === undefined) process.exitCode = 1;
    return;
  }
  if (["-V", "--version"].includes(name)) return console.log(RELEASE);
  if (!isCommand(name)) {
    try {
      choose(name, Object.keys(COMMANDS), "command");
    } catch (error) {
      console.error(styleError(describeError(error)));
    }
    process.exitCode = 1;
    return;
  }
  const { command, failure }: { command: Parameters<typeof runCommand>[0]; failure?: number } =
    await COMMANDS[name].load();
  await runCommand(command, failure, args);
}

await main(process.argv.slice(2));
// A request that was abandoned may still be open, and would keep the process running.
process.exit();
