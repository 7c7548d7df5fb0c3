import { applyEvent } from "./apply_event.ts";
import { readBody } from "./body.ts";
import type { CallDatabase, DatabaseOptions } from "./database.ts";
import type { Config } from "./env.ts";
import { openJournal } from "../_shared/journal.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { Refusal } from "./errors.ts";
import { recognizeEvent, typeName } from "./event.ts";
import { answerProbe, isProbe, type ProbeAnswer } from "./probe.ts";
import { errorLogFields, errorResponse, type Outcome, outcomeResponse } from "./responses.ts";
import { readSignatureHeaders, verifyWebhook } from "./verify.ts";

/** Bytes. Clerk's largest events are a few tens of kilobytes. */
const MAX_BODY_BYTES = 1024 * 1024;

/** What the handler works with. */
export interface HandlerOptions {
  config: Config | Misconfiguration;
  createDatabase: (options: DatabaseOptions) => CallDatabase;
  /** Creates the function that wakes the effects worker; without it, a schedule does. */
  createNudge?: (config: Config) => () => void;
  /** Creates the check of the database's release against this code's; without it, nothing checks. */
  createReleaseCheck?: (config: Config, log: (line: string) => void) => () => void;
  /** Bytes; 1 MiB by default. */
  maxBodyBytes?: number;
  /** Receives one line per request, fewer for successes; the console by default. */
  log?: (line: string) => void;
}

/** What a request's log line says so far. */
type LogFields = Record<string, string | number | null>;

/** Creates the function's request handler: one webhook in, one database call, one response. */
export function createHandler(options: HandlerOptions): (request: Request) => Promise<Response> {
  const { config, log = console.log, maxBodyBytes = MAX_BODY_BYTES } = options;
  const journal = openJournal(config, log);
  let database: CallDatabase | undefined;
  let nudge: (() => void) | undefined;
  let checkRelease: (() => void) | undefined;

  async function receive(
    request: Request,
    fields: LogFields,
    details: Partial<ProbeAnswer>,
  ): Promise<Outcome> {
    if (request.method !== "POST") throw new Refusal("method_not_allowed");
    if (config instanceof Misconfiguration) throw config;

    const headers = readSignatureHeaders(request.headers);
    const bytes = await readBody(request, maxBodyBytes);
    const webhook = verifyWebhook(config.webhooks, headers, bytes);
    fields.webhook_id = webhook.id;

    const body = parseJson(webhook.body);
    fields.type = typeName(body);
    const event = recognizeEvent(body);
    if (event === undefined) {
      if (isProbe(body)) Object.assign(details, await answerProbe(config));
      return "ignored";
    }
    database ??= options.createDatabase(config);
    checkRelease ??= options.createReleaseCheck?.(config, log);
    const outcome = await applyEvent(event, webhook.id, database, config.instanceId)
      // If the database lacks what this code calls, the release check explains it.
      .finally(() => checkRelease?.());
    if (outcome === "ignored") fields.reason = "another_instance";
    if (config.effectTypes.has(event.type) && (outcome === "applied" || outcome === "stale")) {
      nudge ??= options.createNudge?.(config);
      nudge?.();
    }
    return outcome;
  }

  return async (request) => {
    const startedAt = performance.now();
    const fields: LogFields = {};
    const details: Partial<ProbeAnswer> = {};
    let response: Response;
    try {
      const outcome = await receive(request, fields, details);
      fields.outcome = outcome;
      response = outcomeResponse(outcome, details);
    } catch (error) {
      Object.assign(fields, errorLogFields(error));
      response = errorResponse(error);
    }
    const duration_ms = Math.round(performance.now() - startedAt);
    const hasSucceeded = response.status === 200;
    journal[hasSucceeded ? "succeed" : "fail"]({ ...fields, status: response.status, duration_ms });
    return response;
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("invalid_json");
  }
}
