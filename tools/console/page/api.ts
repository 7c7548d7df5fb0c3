/** The requests that the page makes; their shapes are in `shapes.ts`. */
import type {
  DeadLetters,
  Effects,
  EventCounts,
  EventPage,
  FoundObjects,
  NewEvents,
  ObjectDetail,
  ProjectInfo,
  ReplayResults,
  RetryResults,
  SendResults,
  StatusAnswer,
  ViewAs,
} from "../shapes.ts";
import { access, readToken } from "./access.ts";

/** A refusal by the server; the message is its sentence. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** No response from the server, or none from the database: the page retries. */
export class Away extends Error {
  override name = "Away";
}

/** Which events to list. An empty text doesn't filter. */
export interface EventFilter {
  type: string;
  outcome: string;
  object: string;
}

/** A query or a command. */
interface Call {
  query?: Record<string, string | number>;
  /** Makes it a POST. */
  body?: unknown;
  signal?: AbortSignal | undefined;
}

type Signal = AbortSignal | undefined;

export const api = {
  project: (signal?: Signal): Promise<ProjectInfo> => call("project", { signal }),
  events: (
    query: EventFilter & { before?: string; limit?: number },
    signal?: Signal,
  ): Promise<EventPage> => call("events", { query: { ...query }, signal }),
  newEvents: (
    query: EventFilter & { after: string; limit: number },
    signal?: Signal,
  ): Promise<NewEvents> => call("events/new", { query: { ...query }, signal }),
  counts: (window: EventCounts["window"], signal?: Signal): Promise<EventCounts> =>
    call("counts", { query: { window }, signal }),
  findObjects: (query: string, signal?: Signal): Promise<FoundObjects> =>
    call("objects", { query: { query }, signal }),
  object: (id: string, table: string, signal?: Signal): Promise<ObjectDetail> =>
    call("object", { query: { id, table }, signal }),
  viewAs: (user: string, signal?: Signal): Promise<ViewAs> =>
    call("view-as", { query: { user }, signal }),
  deadLetters: (signal?: Signal): Promise<DeadLetters> => call("dead-letters", { signal }),
  replay: (ids: string[] | "all", isConfirmed: boolean): Promise<ReplayResults> =>
    call("dead-letters/replay", { body: { ids, isConfirmed } }),
  effects: (signal?: Signal): Promise<Effects> => call("effects", { signal }),
  retry: (ids: string[] | "parked", isConfirmed: boolean): Promise<RetryResults> =>
    call("effects/retry", { body: { ids, isConfirmed } }),
  status: (signal?: Signal): Promise<StatusAnswer> => call("status", { signal }),
  send: (type: string, way: string): Promise<SendResults> => call("send", { body: { type, way } }),
};

/**
 * Sends a request to the server.
 *
 * @throws {Away} if there is no response from the server, the project or its database.
 * @throws {Refusal} with what the server says, if it refuses.
 */
async function call<Answer>(path: string, { query = {}, body, signal }: Call): Promise<Answer> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== "") parameters.set(name, String(value));
  }
  const search = parameters.size > 0 ? `?${parameters}` : "";
  const response = await request(`/api/${path}${search}`, {
    headers: {
      "x-console-token": readToken(),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    cache: "no-store",
    signal: signal ?? null,
  });
  if (response.ok) return await response.json();
  const message = await readError(response);
  if (response.status === 401) access.set("refused");
  if (response.status === 502 || response.status === 503) throw new Away(message);
  throw new Refusal(response.status, message);
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Away("The console does not answer: its process may have ended", { cause });
  }
}

async function readError(response: Response): Promise<string> {
  try {
    const { error } = await response.json();
    return String(error);
  } catch {
    return `The console answered ${response.status}`;
  }
}
