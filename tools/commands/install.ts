import { defineCommand } from "../cli/command.ts";

export const command = defineCommand("install", "To come.").action(() => {
  throw new Error("To come");
});
