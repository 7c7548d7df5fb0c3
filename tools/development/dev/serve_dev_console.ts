import { readPage } from "../../console/page_files.ts";
import { type ConsoleServer, startConsole } from "../../console/start_console.ts";
import type { Stack } from "../stack/stack.ts";
import { takeStatus } from "../../commands/status/take_status.ts";

/**
 * Serves the console for your own stack: it can send events, and writes need no confirmation.
 *
 * @param signingSecrets One secret or several, as the function reads them.
 */
export async function serveDevConsole(
  stack: Stack,
  webhookUrl: string,
  signingSecrets: string,
): Promise<ConsoleServer> {
  const project = {
    supabaseUrl: stack.apiUrl,
    supabaseKey: stack.keys.secretKey,
    naming: stack.naming,
  };
  const secrets = signingSecrets.split(/[\s,]+/).filter((secret) => secret !== "");
  const [signingSecret = ""] = secrets;
  return await startConsole({
    project,
    page: await readPage(),
    takeStatus: () =>
      takeStatus({ project, probe: { functionUrl: webhookUrl, signingSecrets: secrets } }),
    dev: { webhookUrl, signingSecret },
  });
}
