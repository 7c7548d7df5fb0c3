#!/usr/bin/env node
/** The command line: `clerk-supabase-mirror <command>`. Each command is a file in `commands/`. */
import "./cli/web_socket.ts";
import process from "node:process";
import { styleText } from "node:util";
import { choose } from "./cli/choose.ts";
import { commandLine, describeError, runCommand, styleError } from "./cli/command.ts";
import { RELEASE } from "../functions/_shared/release.ts";

/** What each is for, and where it is: only the one that is run is loaded. */
const COMMANDS = {
  init: {
    summary: "Add the mirror to a Supabase project under version control",
    load: () => import("./commands/init.ts"),
  },
  install: {
    summary: "Add the mirror to a hosted Supabase project, writing no files",
    load: () => import("./commands/install.ts"),
  },
  upgrade: {
    summary: "Bring a project's mirror to this release",
    load: () => import("./commands/upgrade.ts"),
  },
  uninstall: {
    summary: "Take the mirror out of a project again",
    load: () => import("./commands/uninstall.ts"),
  },
  dev: {
    summary: "Run a Supabase project with the mirror on this machine, without Docker",
    load: () => import("./commands/dev.ts"),
  },
  trigger: {
    summary: "Send a realistic, signed event to the running function",
    load: () => import("./commands/trigger.ts"),
  },
  backfill: {
    summary: "Bring what a Clerk instance has into the mirror",
    load: () => import("./commands/backfill.ts"),
  },
  reconcile: {
    summary: "Compare the mirror with Clerk: --repair mends it",
    load: () => import("./commands/reconcile.ts"),
  },
  "dead-letters": {
    summary: "List the events that could not be applied, and replay them",
    load: () => import("./commands/dead_letters.ts"),
  },
  effects: {
    summary: "Run the side effects that are due",
    load: () => import("./commands/effects.ts"),
  },
  status: {
    summary: "Say how the mirror does, and what to do",
    load: () => import("./commands/status.ts"),
  },
  console: {
    summary: "Show the mirror live, on a page of this machine",
    load: () => import("./commands/console.ts"),
  },
  instance: {
    summary: "Show which Clerk instance the mirror is of, or move it to another",
    load: () => import("./commands/instance.ts"),
  },
};

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
  } tells more. Exit status: 0 if all went well, 1 if not; reconcile and
status have their own. --version shows the version.`;
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
// A request that was given up may still be open, and would keep the process.
process.exit();
