import { defineCommand } from "./cli/command.ts";
import { isPacked } from "../installing/sql/contents.ts";

export const command = defineCommand(
  "dev",
  `Runs a Supabase project with the mirror on this machine, without Docker, until Ctrl-C: Postgres, the
REST API, the functions. It uses the variables that are set or in .env. Whatever is missing is generated
and kept, together with the database, in ${isPacked ? "supabase/.temp/clerk-mirror/" : ".dev/"}.`,
).action(async () => {
  if (isPacked) {
    const { runPackedDev } = await import("../development/dev/run_packed_dev.ts");
    return await runPackedDev();
  }
  const { runDev } = await import("../development/dev/run_dev.ts");
  await runDev();
});
