/** What the commands for a hosted project have in common: their API client, and what they print first. */
import process from "node:process";
import { isCancel, password } from "@clack/prompts";
import { isHttpAddress } from "../../../functions/_shared/read_env.ts";
import { createOutput, type Output } from "../../commands/cli/output.ts";
import { readConfigured } from "../../development/dev/variables.ts";
import { type Contents, readContents } from "../sql/contents.ts";
import { createManagementApi, MANAGEMENT_API_URL, type ManagementApi } from "./management_api.ts";
import { hasStatus } from "./management_error.ts";
import { TOKENS_PAGE } from "./management_request.ts";

/** Options that all of them take. */
export interface HostedOptions {
  /** 20 letters: the project's id, as in its URL. */
  projectRef: string;
  /** Agrees without being asked. */
  yes: boolean;
  /** Shows what would be done, and does nothing. */
  dryRun: boolean;
  /** Prints a result for scripts to standard output; what is for people goes to standard error. */
  json: boolean;
  /** Overwrites things with the mirror's names that aren't the mirror's. */
  force: boolean;
  /** Another URL of the Management API; else SUPABASE_API_URL, else Supabase's own. */
  apiUrl?: string | undefined;
}

/** What they work with. */
export interface HostedSession {
  api: ManagementApi;
  contents: Contents;
  output: Output;
  /** Environment variables, then those in `.env`. */
  configured: (name: string) => string | undefined;
}

/**
 * Reads what is needed, and asks for the access token if no variable contains it.
 *
 * @throws {Error} if something is missing or malformed.
 */
export async function openSession(options: HostedOptions): Promise<HostedSession> {
  checkRef(options.projectRef);
  const configured = await readConfigured();
  const apiUrl = options.apiUrl ?? configured("SUPABASE_API_URL") ?? MANAGEMENT_API_URL;
  checkAddress(apiUrl);
  const output = createOutput(options.json);
  const token = configured("SUPABASE_ACCESS_TOKEN") ?? await askForToken();
  const api = createManagementApi(options.projectRef, {
    apiUrl,
    token,
    onPause: (reason) => output.say(`${reason}. Trying again`),
  });
  return { api, contents: await readContents(), output, configured };
}

function checkRef(ref: string): void {
  if (/^[a-z]{20}$/.test(ref)) return;
  throw new Error(
    `"--project-ref ${ref}" is not a project's reference: 20 lower-case letters, as in the URL of its Dashboard`,
  );
}

/** A token is never sent unencrypted, except to this machine. */
function checkAddress(apiUrl: string): void {
  const isUsable = isHttpAddress(apiUrl) &&
    (apiUrl.startsWith("https:") ||
      ["127.0.0.1", "localhost", "[::1]"].includes(new URL(apiUrl).hostname));
  if (!isUsable) {
    throw new Error(`The address of the Management API, "${apiUrl}", is not an https address`);
  }
}

/** Asks for the token without showing it. It is only kept in memory. */
async function askForToken(): Promise<string> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new Error(`Set SUPABASE_ACCESS_TOKEN to one of your access tokens: ${TOKENS_PAGE}`);
  }
  const token = await password({
    message: `Your Supabase access token (${TOKENS_PAGE})`,
    mask: "•",
    validate: (text) => text?.trim() ? undefined : "Paste the token",
  });
  if (isCancel(token)) throw new Error("Nothing was changed");
  return token.trim();
}

/**
 * Checks that the project exists and is running.
 *
 * @returns Its name.
 * @throws {Error} with a sentence, if not.
 */
export async function checkProject(api: ManagementApi): Promise<string> {
  const { name, status } = await api.readProject().catch((error) => {
    if (!hasStatus(error, 403, 404)) throw error;
    throw new Error(
      `There is no project "${api.ref}" that this access token may change. Check the reference in the ` +
        "Dashboard, under Project Settings, and which account the token belongs to",
      { cause: error },
    );
  });
  if (["INACTIVE", "PAUSING", "PAUSE_FAILED"].includes(status)) {
    throw new Error(
      `The project "${name}" is paused. Restore it in the Dashboard, then run this again`,
    );
  }
  if (status !== "ACTIVE_HEALTHY") {
    throw new Error(
      `The project "${name}" is not ready: its status is "${status}". Run this again when it is`,
    );
  }
  const ailing = (await api.readHealth(["db", "rest"]))
    .filter((service) => service.status !== "ACTIVE_HEALTHY");
  if (ailing.length > 0) {
    const services = ailing.map(({ name, status }) => `${name} (${status})`).join(", ");
    throw new Error(`The project "${name}" is unhealthy: ${services}. Run this again when it is`);
  }
  return name;
}
