import { defineCommand } from "../cli/command.ts";

export const command = defineCommand("uninstall", "To come.").action(() => {
  throw new Error("To come");
});
