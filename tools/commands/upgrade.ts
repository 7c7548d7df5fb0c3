import { defineCommand } from "../cli/command.ts";

export const command = defineCommand("upgrade", "To come.").action(() => {
  throw new Error("To come");
});
