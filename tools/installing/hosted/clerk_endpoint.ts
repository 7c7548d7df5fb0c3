/**
 * Clerk's webhook endpoint, as far as Clerk's Backend API can set it up. Its documentation mentions endpoints
 * that can be created; its published description only has links to the webhook dashboard. Asking is the only
 * way to find out.
 */
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import type { ClerkEnv } from "../../../functions/_shared/clerk_env.ts";

const CLERK = "https://api.clerk.com";

/** Milliseconds. */
const TIMEOUT = 30_000;

/** The result. None of them ends an installation. */
export type EndpointOutcome =
  | { state: "created"; signingSecret?: string }
  | { state: "there already" }
  /** A link to Clerk's webhook dashboard, valid for a short time. */
  | { state: "link"; url: string }
  | { state: "failed"; reason: string };

interface Answer {
  status: number;
  body: unknown;
}

/** Asks Clerk for an endpoint, or failing that, for a link to the page that creates one. */
export async function arrangeEndpoint(
  clerk: ClerkEnv,
  url: string,
  eventTypes: string[],
): Promise<EndpointOutcome> {
  const ask = (method: string, path: string, body?: unknown) =>
    askClerk(clerk, method, `/v1/webhooks${path}`, body);
  try {
    const endpoints = await ask("GET", "/endpoints");
    if (isListed(endpoints.body, url)) return { state: "there already" };
    if (endpoints.status < 300) {
      const created = await ask("POST", "/endpoints", {
        url,
        filter_types: eventTypes,
        description: "Clerk to Supabase mirror",
      });
      if (created.status < 300) return toCreated(created.body);
    }
    return toLink(await dashboardLink(ask));
  } catch (error) {
    return { state: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The link; if the instance has no webhooks yet, they are switched on first, as the Dashboard does. */
async function dashboardLink(
  ask: (method: string, path: string) => Promise<Answer>,
): Promise<Answer> {
  const link = await ask("POST", "/svix_url");
  if (link.status !== 400 && link.status !== 404) return link;
  const made = await ask("POST", "/svix");
  return made.status < 300 ? made : link;
}

function toLink({ status, body }: Answer): EndpointOutcome {
  if (status < 300 && isRecord(body) && typeof body.svix_url === "string") {
    return { state: "link", url: body.svix_url };
  }
  if (status === 401) return { state: "failed", reason: "Clerk refuses the CLERK_SECRET_KEY" };
  return { state: "failed", reason: `Clerk answers ${status}` };
}

function isListed(body: unknown, url: string): boolean {
  const list = isRecord(body) ? body.data : body;
  return Array.isArray(list) && list.some((one) => isRecord(one) && one.url === url);
}

/** Descriptions of that API use different names for the secret. */
function toCreated(body: unknown): EndpointOutcome {
  const secret = isRecord(body) ? body.signing_secret ?? body.secret ?? body.key : undefined;
  return {
    state: "created",
    ...(typeof secret === "string" && secret.startsWith("whsec_") ? { signingSecret: secret } : {}),
  };
}

async function askClerk(
  { secretKey, apiUrl = CLERK }: ClerkEnv,
  method: string,
  path: string,
  body: unknown,
): Promise<Answer> {
  const { host } = new URL(apiUrl);
  try {
    const response = await fetch(`${apiUrl.replace(/\/+$/, "")}${path}`, {
      method,
      headers: { authorization: `Bearer ${secretKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const text = await response.text();
    return { status: response.status, body: parse(text) };
  } catch (error) {
    throw new Error(`${host} can't be reached`, { cause: error });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
