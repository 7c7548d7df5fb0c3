import { styleText } from "node:util";
import type { ClerkEnv } from "../../../functions/_shared/clerk_env.ts";
import { mappings } from "../../../functions/clerk-webhook/event.ts";
import { commandLine } from "../../commands/cli/command.ts";
import { arrangeEndpoint, type EndpointOutcome } from "./clerk_endpoint.ts";
import type { StepRecords } from "./database_state.ts";
import { setSecrets, SIGNING_SECRET } from "./secrets.ts";
import type { HostedSession } from "./session.ts";

/** The types of events that change the mirror. */
export const EVENT_TYPES = Object.keys(mappings);

/** The state of an installation at its end. */
export interface Ending {
  /** Given if Clerk is to be asked for an endpoint. */
  clerk: ClerkEnv | undefined;
  /** Whether the functions know a signing secret. */
  isSigned: boolean;
  /** Whether Clerk's domain was given. */
  hasDomain: boolean;
  /** Whether Supabase looks after the mirror. */
  isScheduled: boolean;
  records: StepRecords;
}

/** The URL of a project's webhook function. */
export function endpointUrl(ref: string): string {
  return `https://${ref}.supabase.co/functions/v1/clerk-webhook`;
}

/**
 * Sets up the endpoint in Clerk, if that can be done from here, and says what only Clerk's Dashboard can do.
 *
 * @returns What `--json` reports about it.
 */
export async function concludeInstallation(
  { api, output }: HostedSession,
  { clerk, isSigned, hasDomain, isScheduled, records }: Ending,
): Promise<Record<string, unknown>> {
  const url = endpointUrl(api.ref);
  const outcome = clerk && await arrangeEndpoint(clerk, url, EVENT_TYPES);
  let knowsSecret = isSigned;
  if (outcome?.state === "created" && outcome.signingSecret !== undefined) {
    const value = outcome.signingSecret;
    await setSecrets(api, [{ name: SIGNING_SECRET, value, state: "missing" }], records);
    knowsSecret = true;
  }
  for (const line of nextSteps(url, api.ref, outcome, knowsSecret, hasDomain, isScheduled)) {
    output.say(line);
  }
  return {
    endpoint: {
      url,
      event_types: EVENT_TYPES,
      state: outcome?.state ?? "unknown",
      ...(outcome?.state === "link" ? { link: outcome.url } : {}),
    },
    signing_secret_is_set: knowsSecret,
  };
}

function nextSteps(
  url: string,
  ref: string,
  outcome: EndpointOutcome | undefined,
  knowsSecret: boolean,
  hasDomain: boolean,
  isScheduled: boolean,
): string[] {
  const again = `${commandLine("install")} --project-ref ${ref}`;
  const lines = ["", styleText("bold", "What is left to do, in Clerk's Dashboard")];
  lines.push(...endpointLines(url, outcome, knowsSecret));
  if (!knowsSecret) {
    lines.push(
      `- Give its Signing Secret to the functions: ${SIGNING_SECRET}=whsec_… ${again}`,
    );
  }
  lines.push(
    hasDomain
      ? "- Integrations, Supabase: make sure that it is activated, which puts the role into session tokens"
      : `- Integrations, Supabase: activate it, and make the project accept its tokens: ${again} --clerk-domain <its domain>`,
  );
  lines.push(
    "",
    `Then bring in the users you already have: ${commandLine("backfill")}`,
    ...(isScheduled ? [] : [`Let Supabase look after the mirror: ${again} --schedule`]),
    'If you also use the CLI\'s migration files for this project: "supabase migration fetch" writes this one.',
  );
  return lines;
}

function endpointLines(
  url: string,
  outcome: EndpointOutcome | undefined,
  knowsSecret: boolean,
): string[] {
  if (outcome?.state === "created") return [`- The webhook endpoint was created: ${url}`];
  if (outcome?.state === "there already") {
    return [`- The webhook endpoint already exists: ${url}`];
  }
  const families = new Set(EVENT_TYPES.map((type) => type.replace(/\..*$/, "")));
  const where = outcome?.state === "link"
    ? `with this link, which works for a short time: ${outcome.url}`
    : "under Webhooks, Add Endpoint";
  return [
    ...(outcome?.state === "failed"
      ? [`  (Clerk could not be asked for a link: ${outcome.reason})`]
      : []),
    knowsSecret
      ? `- Make sure that there is a webhook endpoint for ${url}`
      : `- Create a webhook endpoint ${where}`,
    ...(knowsSecret ? [] : [`    URL: ${url}`]),
    `    Events: everything below ${[...families].join(", ")}`,
  ];
}
