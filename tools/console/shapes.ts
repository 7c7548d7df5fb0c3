/**
 * What the console's page and its server exchange, as JSON. Every request carries the token in
 * `x-console-token`. An error is `{"error": "…"}`, a sentence, with status 400 (bad request), 401 (no or
 * wrong token), 403 (foreign host or origin), 404, 405, 409 (needs a confirmation), 413, 415, 502 (the
 * project doesn't respond) or 503 (the database doesn't respond: the page says so, and retries).
 */

/** `GET /api/project`: requested once. */
export interface ProjectInfo {
  /** The project's URL, without anything secret. */
  url: string;
  /** Served by `dev` for its own stack: events can be sent, and writes need no confirmation. */
  isDev: boolean;
  release: string;
  /** The names of the event types that can be sent; only with `isDev`. */
  eventTypes: string[];
  /** Mirrored tables by the mirror's own names, in order. */
  tables: string[];
}

export type Outcome = "applied" | "duplicate" | "stale" | "ignored" | "dead_lettered";

/** A row of the ledger, or a dead letter that is still waiting. */
export interface EventRow {
  id: string;
  type: string;
  objectId: string | null;
  outcome: string;
  /** ISO 8601. */
  occurredAt: string;
  receivedAt: string;
}

/** `GET /api/events?type=&outcome=&object=&before=&limit=`: newest first; `limit` ≤ 500, 100 by default. */
export interface EventPage {
  /** With a filter, a page may have fewer than `limit`, or none, and still not be the last: see `before`. */
  events: EventRow[];
  /** Pass it as `before` to get older ones; null at the end. */
  before: string | null;
  /** Pass it as `after` to `/api/events/new`. */
  after: string;
}

/** `GET /api/events/new?after=&type=&outcome=&object=&limit=`: what came since, newest first. */
export interface NewEvents {
  events: EventRow[];
  after: string;
  /** How many more there are than returned: in a burst, only the newest are. */
  skipped: number;
}

/** `GET /api/counts?window=hour|day`: for the chart. */
export interface EventCounts {
  window: "hour" | "day";
  /** 60 for minutes, or 24 for hours, oldest first; empty ones included. */
  buckets: { startsAt: string; counts: Record<string, number> }[];
}

/** `GET /api/objects?query=`: by id, email, name, slug; exact ids first, at most 50. */
export interface FoundObjects {
  objects: FoundObject[];
  /** Whether the search stopped before it was complete: there may be more. */
  isCut: boolean;
}

export interface FoundObject {
  table: string;
  id: string;
  /** A name or an email address to recognize it by. */
  label: string | null;
  state: "full" | "placeholder" | "erased" | "deleted";
}

/** `GET /api/object?id=` (with `&table=` if it is known). */
export interface ObjectDetail extends FoundObject {
  /** Null if there is no row. */
  row: Record<string, unknown> | null;
  /** Its place in the order of events. */
  version: { updatedAt: string | null; occurredAt: string | null; webhookId: string } | null;
  tombstone: { deletedAt: string } | null;
  /** What it belongs to. */
  owners: FoundObject[];
  /** What belongs to it: by table, the first 20 and how many there are. */
  belongings: { table: string; count: number; objects: FoundObject[] }[];
  /** Its history: what the ledger knows about it, oldest first, the latest 200. */
  events: EventRow[];
  /** Whether earlier events weren't searched, or don't fit. */
  areEventsCut: boolean;
}

/** `GET /api/view-as?user=`: each table as that user sees it, next to what the secret key sees. */
export interface ViewAs {
  user: string;
  /** In the API's exposed schemas; those of the application too. */
  tables: ViewedTable[];
}

export interface ViewedTable {
  schema: string;
  table: string;
  isMirrored: boolean;
  hasRowLevelSecurity: boolean;
  /**
   * The user's view: how many rows are visible, counted up to 10,000 (then `isAtLeast`), and the first 20; an
   * error if it is refused.
   */
  visible: { count: number; isAtLeast: boolean; rows: Record<string, unknown>[] } | {
    error: string;
  };
  /** An estimate above 10,000; null if it couldn't be counted in time. */
  total: number | null;
}

/** `GET /api/dead-letters` */
export interface DeadLetters {
  deadLetters: {
    id: string;
    type: string;
    reason: string;
    payload: unknown;
    attempts: number;
    receivedAt: string;
  }[];
  count: number;
}

/** `POST /api/dead-letters/replay` with `{"ids": ["msg_…"] | "all", "isConfirmed": boolean}` */
export interface ReplayResults {
  results: { id: string; outcome: string; reason?: string }[];
}

/** `GET /api/effects` */
export interface Effects {
  handlers: {
    handler: string;
    isEnabled: boolean | null;
    dueCount: number;
    dueSince: string | null;
    parkedCount: number;
  }[];
  /** The first 200: parked ones first, then running, then due. */
  effects: {
    id: string;
    handler: string;
    eventType: string;
    objectId: string;
    state: "parked" | "running" | "due" | "waiting";
    attempts: number;
    dueAt: string;
    lastError: string | null;
  }[];
}

/** `POST /api/effects/retry` with `{"ids": ["12"] | "parked", "isConfirmed": boolean}` */
export interface RetryResults {
  count: number;
}

/** `GET /api/status` */
export interface StatusAnswer {
  level: "well" | "look" | "broken";
  takenAt: string;
  lines: { name: string; level: "well" | "look" | "broken"; text: string; advice?: string }[];
  runs: {
    id: number;
    kind: string;
    askedBy: string;
    isRepair: boolean;
    state: "open" | "done" | "failed";
    startedAt: string;
    endedAt: string | null;
    error: string | null;
    results: Record<string, unknown>[];
  }[];
}

/**
 * `POST /api/send` (only with `isDev`), with `{"type", "way": "plain" | "twice" | "late" | "malformed" |
 * "burst"}`: `late` sends an update before its creation, `burst` 100 at once.
 */
export interface SendResults {
  answers: { id: string; type: string; status: number; outcome: string }[];
}
