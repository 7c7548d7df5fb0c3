import { defineCommand } from "../cli/command.ts";

export const command = defineCommand("init", "To come.").action(() => {
  throw new Error("To come");
});
