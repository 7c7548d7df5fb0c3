/** Serves a page on this machine that shows the mirror live. */
import process from "node:process";
import { styleText } from "node:util";
import { commandLine, defineCommand } from "./cli/command.ts";
import { wholeNumber } from "./cli/numbers.ts";
import { openBrowser } from "../console/open_browser.ts";
import { readPage } from "../console/page_files.ts";
import { startConsole } from "../console/start_console.ts";
import { readStatusEnv } from "./status/status_env.ts";
import { takeStatus } from "./status/take_status.ts";

export const command = defineCommand(
  "console",
  `Shows the mirror live, on a page that this machine serves until Ctrl-C: events as they arrive, objects,
what a user sees, dead letters, effects, the status. The secret key stays in this process. The project is the
one in SUPABASE_URL and SUPABASE_SECRET_KEYS, from the environment, then from .env; else the running
"${commandLine("dev")}". Before it writes to a hosted project, it asks.`,
)
  .option("--url <url>", "The Supabase project; SUPABASE_URL by default")
  .option("--key <key>", "Its secret key; SUPABASE_SECRET_KEYS by default")
  .option(
    "--port <port>",
    "Where to listen on 127.0.0.1; a free port by default",
    wholeNumber("--port", { from: 1, to: 65_535 }),
  )
  .option(
    "--no-open",
    "Don't open the browser: other users of this machine could see the link in its command line",
  )
  .action(async ({ port, open, ...given }) => {
    const interrupted = nextInterrupt();
    const options = await readStatusEnv(given);
    const server = await startConsole({
      project: options.project,
      page: await readPage(),
      takeStatus: () => takeStatus(options),
      port,
    });
    try {
      console.log(`${styleText("bold", "The console:")} ${server.link}`);
      console.log(`Anyone who has this link can do what the page can, until you press Ctrl-C`);
      if (open) openBrowser(server.link);
      await interrupted;
    } finally {
      await server.close();
    }
  });

/** Listens from the start, so that an interrupt during startup ends it as well. */
function nextInterrupt(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
