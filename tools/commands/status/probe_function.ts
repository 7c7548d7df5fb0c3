import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { PROBE_TYPE } from "../../../functions/clerk-webhook/probe.ts";
import { commandLine } from "../cli/command.ts";
import { signedRequest } from "../../development/events/signed_request.ts";
import { broken, look, paused, type StatusLine, well } from "./status_report.ts";
import { CLOCKS_APART } from "./thresholds.ts";
import { sayDuration } from "./words.ts";

/** Milliseconds. The function gives the database 5 s, and takes a moment to start. */
const TIMEOUT = 12_000;

const NAME = "Function";

/** What to probe. */
export interface ProbeOptions {
  /** Where Clerk sends its webhooks: `…/functions/v1/clerk-webhook`. */
  functionUrl: string;
  /** One of them must be the function's. Without any, everything but the secret is checked. */
  signingSecrets: string[];
  /** Milliseconds; 12,000 by default. */
  timeout?: number;
}

/** The state of the function. */
export interface Probed {
  line: StatusLine;
  /** The release of the function's code, if it reported one. */
  release?: string;
}

/** A response, from the function or from what is in front of it. */
interface Answer {
  status: number;
  body: Record<string, unknown>;
  /** Milliseconds until the response was complete. */
  duration: number;
  /** Milliseconds that its machine's clock is ahead of this one's; undefined if it doesn't say. */
  ahead?: number;
}

/**
 * Sends the function a message that changes nothing, and says how it responded. Never throws.
 */
export async function probeFunction(options: ProbeOptions): Promise<Probed> {
  const { functionUrl, signingSecrets } = options;
  if (signingSecrets.length === 0) return await probe(options);

  let probed: Probed | undefined;
  for (const [index, secret] of signingSecrets.entries()) {
    const which = signingSecrets.length === 1 ? "" : ` number ${index + 1}`;
    try {
      signedRequest(functionUrl, secret, "");
    } catch {
      return { line: sayMalformed(functionUrl, which) };
    }
    probed = await probe(options, secret, which);
    if (probed.line.level !== "well") return probed;
  }
  return probed ?? await probe(options);
}

async function probe(options: ProbeOptions, secret?: string, which = ""): Promise<Probed> {
  const { functionUrl, timeout = TIMEOUT } = options;
  const answer = await send(functionUrl, secret, timeout);
  if (answer === undefined) return { line: sayUnreachable(functionUrl, timeout) };
  const { release } = answer.body;
  return {
    line: judge(answer, functionUrl, secret !== undefined, which),
    ...(typeof release === "string" ? { release } : {}),
  };
}

async function send(
  url: string,
  secret: string | undefined,
  timeout: number,
): Promise<Answer | undefined> {
  const body = JSON.stringify({
    object: "event",
    type: PROBE_TYPE,
    timestamp: Date.now(),
    data: {},
  });
  try {
    const request = secret === undefined
      ? new Request(url, { method: "POST", body })
      : signedRequest(url, secret, body);
    const startedAt = performance.now();
    const sentAt = Date.now();
    const response = await fetch(request, {
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    const parsed = parse(await response.text());
    const duration = performance.now() - startedAt;
    const told = typeof parsed.now === "string" ? parsed.now : response.headers.get("date") ?? "";
    const ahead = Date.parse(told) - (sentAt + duration / 2);
    return {
      status: response.status,
      body: parsed,
      duration: Math.round(duration),
      ...(Number.isNaN(ahead) ? {} : { ahead }),
    };
  } catch {
    return undefined;
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function judge(answer: Answer, url: string, isSigned: boolean, which: string): StatusLine {
  const { status, body, duration } = answer;
  if (status === 200 && body.outcome === "ignored") return judgeGood(answer);
  switch (body.error) {
    case "missing_header":
      if (isSigned) break;
      return well(
        NAME,
        `Answered in ${duration} ms: the JWT check is off. Its signing secret was not checked, since ` +
          "CLERK_WEBHOOK_SIGNING_SECRET is not set here",
      );
    case "invalid_signature":
      return broken(
        NAME,
        `It refused the signature: its signing secret is not the one known here${which}`,
        "Copy the secret of the endpoint in Clerk's Dashboard (Webhooks, Signing Secret) to the function's " +
          'CLERK_WEBHOOK_SIGNING_SECRET: "supabase secrets set". Webhooks that failed in the meantime are ' +
          "sent again for a day; for those from before, see docs/operations.md",
      );
    case "invalid_timestamp":
      return broken(
        NAME,
        `It refused the message's time: ${sayClocks(answer)}`,
        "Correct the clock that is wrong. If it is the function's, it refuses every webhook",
      );
    case "misconfigured":
      return broken(
        NAME,
        "It is misconfigured: a variable of its environment is missing or malformed",
        "Its log in Supabase's Dashboard, under Edge Functions, says which",
      );
  }
  return sayStatus(answer, url);
}

function judgeGood(answer: Answer): StatusLine {
  const { body, duration } = answer;
  switch (body.database) {
    case undefined:
      return look(
        NAME,
        `Answered in ${duration} ms: the secret is right, the JWT check is off. Its release does not ` +
          "report more",
        `Deploy the functions of this release: "${commandLine("upgrade")}"`,
      );
    case "reachable":
      break;
    case "misconfigured":
      return broken(
        NAME,
        "It answers, but the database refuses its key, or does not have the mirror under the function's " +
          "names for it",
        "Check the function's SUPABASE_SECRET_KEYS, CLERK_MIRROR_SCHEMA and CLERK_MIRROR_PREFIX, and " +
          "whether the migrations were applied",
      );
    default:
      return broken(
        NAME,
        "It answers, but can't reach the database: webhooks are answered with 503",
        "Look at the project's health in Supabase's Dashboard. What fails in the meantime is sent again for a day",
      );
  }
  if (Math.abs(answer.ahead ?? 0) >= CLOCKS_APART) {
    return look(
      NAME,
      `Answered in ${duration} ms, but ${sayClocks(answer)}`,
      "Correct the clock that is wrong: once they are five minutes apart, signatures are refused",
    );
  }
  return well(
    NAME,
    `Answered in ${duration} ms: the secret is right, the JWT check is off, it reaches the database`,
  );
}

/** What the platform answers in the function's place. */
function sayStatus({ status, body }: Answer, url: string): StatusLine {
  const code = String(body.code ?? "");
  if (status === 401) {
    return broken(
      NAME,
      "Supabase's JWT check is on: it refuses every webhook before the function sees it",
      'Set "verify_jwt = false" under [functions.clerk-webhook] in supabase/config.toml, and deploy the ' +
        'function again; or deploy it with "--no-verify-jwt"',
    );
  }
  if (status === 404) {
    return broken(
      NAME,
      `There is no function at "${url}"`,
      'Deploy it: "supabase functions deploy clerk-webhook". If it is deployed, check the address',
    );
  }
  if (status === 540) return paused(NAME);
  if (status === 546) {
    return broken(
      NAME,
      "Supabase ended it, since it took more memory or processor time than a function may",
      "Its log in Supabase's Dashboard, under Edge Functions, says when. A single file starts more " +
        'cheaply: deploy what "init" wrote, with "supabase functions deploy"',
    );
  }
  if (status === 504 || status === 544) {
    return broken(
      NAME,
      "It did not answer in time",
      "Look at its log in Supabase's Dashboard, under Edge Functions, and at the project's health",
    );
  }
  if (status === 503 && /BOOT/.test(code)) {
    return broken(
      NAME,
      "It does not start",
      "Its log in Supabase's Dashboard, under Edge Functions, says why; then deploy it again",
    );
  }
  if (status >= 500) {
    return broken(
      NAME,
      `It answers with status ${status}${code === "" ? "" : ` (${code})`}`,
      "Look at its log in Supabase's Dashboard, under Edge Functions",
    );
  }
  return broken(
    NAME,
    `What answers at "${url}" is not the function: it answers with status ${status}`,
    "Check the address: https://<ref>.supabase.co/functions/v1/clerk-webhook",
  );
}

function sayUnreachable(url: string, timeout: number): StatusLine {
  return broken(
    NAME,
    `Nothing answered at "${url}" within ${timeout / 1000} seconds`,
    "Check SUPABASE_URL, or --function-url. The address of a paused or deleted project stops working " +
      "after a while",
  );
}

function sayMalformed(url: string, which: string): StatusLine {
  return broken(
    NAME,
    `It was not probed at "${url}": the signing secret known here${which} is not "whsec_" and base64`,
    "Copy it from Clerk's Dashboard, Webhooks, Signing Secret",
  );
}

function sayClocks({ ahead }: Answer): string {
  if (ahead === undefined) return "its clock and this machine's are more than five minutes apart";
  return `its clock is ${sayDuration(Math.abs(ahead))} ${
    ahead > 0 ? "ahead of" : "behind"
  } this machine's`;
}
