/** The commands: each is a file in `tools/commands`. */

/** What each is for, and where it is: only the one that runs is loaded. */
export const COMMANDS = {
  init: {
    summary: "Add the mirror to a Supabase project under version control",
    load: () => import("../init.ts"),
  },
  install: {
    summary: "Add the mirror to a hosted Supabase project, without files",
    load: () => import("../install.ts"),
  },
  upgrade: {
    summary: "Upgrade a project's mirror to this release",
    load: () => import("../upgrade.ts"),
  },
  uninstall: {
    summary: "Remove the mirror from a project",
    load: () => import("../uninstall.ts"),
  },
  dev: {
    summary: "Run a Supabase project with the mirror on this machine, without Docker",
    load: () => import("../dev.ts"),
  },
  trigger: {
    summary: "Send a realistic, signed event to the running function",
    load: () => import("../trigger.ts"),
  },
  backfill: {
    summary: "Copy what a Clerk instance already has into the mirror",
    load: () => import("../backfill.ts"),
  },
  reconcile: {
    summary: "Compare the mirror with Clerk, and repair it",
    load: () => import("../reconcile.ts"),
  },
  "dead-letters": {
    summary: "List the events that could not be applied, and replay them",
    load: () => import("../dead_letters.ts"),
  },
  effects: {
    summary: "Run the side effects that are due",
    load: () => import("../effects.ts"),
  },
  status: {
    summary: "Say how the mirror is doing, and what to do about it",
    load: () => import("../status.ts"),
  },
  console: {
    summary: "Show the mirror live, on a page on this machine",
    load: () => import("../console.ts"),
  },
  instance: {
    summary: "Show which Clerk instance the mirror belongs to, or move it to another",
    load: () => import("../instance.ts"),
  },
};
