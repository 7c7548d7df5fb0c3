/** The commands: each is a file in `tools/commands`. */

/** What each is for, and where it is: only the one that is run is loaded. */
export const COMMANDS = {
  init: {
    summary: "Add the mirror to a Supabase project under version control",
    load: () => import("../init.ts"),
  },
  install: {
    summary: "Add the mirror to a hosted Supabase project, writing no files",
    load: () => import("../install.ts"),
  },
  upgrade: {
    summary: "Bring a project's mirror to this release",
    load: () => import("../upgrade.ts"),
  },
  uninstall: {
    summary: "Take the mirror out of a project again",
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
    summary: "Bring what a Clerk instance has into the mirror",
    load: () => import("../backfill.ts"),
  },
  reconcile: {
    summary: "Compare the mirror with Clerk: --repair mends it",
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
    summary: "Say how the mirror does, and what to do",
    load: () => import("../status.ts"),
  },
  console: {
    summary: "Show the mirror live, on a page of this machine",
    load: () => import("../console.ts"),
  },
  instance: {
    summary: "Show which Clerk instance the mirror is of, or move it to another",
    load: () => import("../instance.ts"),
  },
};
