import { createDatabase } from "../clerk-webhook/database.ts";
import { methodNotAllowed, unauthorized, unavailable } from "../_shared/answers.ts";
import type { ClerkEnv } from "../_shared/clerk_env.ts";
import { isAuthorized } from "../_shared/is_authorized.ts";
import { keepAlive } from "../_shared/keep_alive.ts";
import { Misconfiguration } from "../_shared/misconfiguration.ts";
import { makePatient } from "../_shared/patient_database.ts";
import { type BudgetLimits, processorTimeSoFar } from "../_shared/runs/budget.ts";
import { createRunStore, type OpenRun, type RunStore } from "../_shared/runs/run_store.ts";
import type { SupabaseEnv } from "../_shared/supabase_env.ts";
import { askAgain } from "./ask_again.ts";
import type { ReconcileConfig } from "./env.ts";
import { InvalidRequest, readSliceRequest, type SliceRequest } from "./request.ts";
import { runSlice, type SliceEnd } from "./run_slice.ts";

/**
 * Well within a hosted function's limits of 150 s and 2 s of processor time. This many objects take a third
 * of a second on a fast processor; a slow one, whose runtime doesn't report processor time, may take four
 * times as long.
 */
const BUDGET: BudgetLimits = { wallTime: 60_000, processorTime: 1_000, objects: 5_000 };

/** Seconds: longer than a step of a slice may take. If a slice is killed, others wait this long. */
const LEASE = 90;

/** How often a database call is retried within a slice. */
const RETRIES = 3;

/** What the handler works with. */
export interface ReconcileHandlerOptions {
  config: ReconcileConfig | Misconfiguration;
  /** Receives the one line per slice, and a few others; the console by default. */
  log?: (line: string) => void;
  /** What a slice may use; within a hosted function's limits by default. */
  budget?: Partial<BudgetLimits>;
  /** 90 by default. */
  leaseSeconds?: number;
}

/**
 * Creates the function's request handler: a request with the secret key begins a backfill or a
 * reconciliation, or continues the open one, for as long as a hosted function may work.
 */
export function createReconcileHandler(
  options: ReconcileHandlerOptions,
): (request: Request) => Promise<Response> {
  const { config, log = console.log, leaseSeconds = LEASE } = options;
  const budget = { ...BUDGET, ...options.budget };

  async function work(request: Request, project: SupabaseEnv, clerk: ClerkEnv): Promise<Response> {
    const asked = await readSliceRequest(request);
    const database = makePatient(createDatabase(project), { retries: RETRIES });
    const opened = await open(createRunStore(database), asked, leaseSeconds);
    if (opened === undefined) return Response.json({ state: "idle" });
    const { run, held } = opened;
    if (held === undefined) return Response.json({ ...describe(opened), state: "busy" });

    const startedAt = performance.now();
    const processorAt = processorTimeSoFar();
    const warn = (message: string) => {
      if (run.sliceCount === 1) log(JSON.stringify({ run: run.id, warning: message }));
    };
    const end = await runSlice({ held, database, clerk, budget, warn });
    log(JSON.stringify({
      ...describe(opened),
      slice: run.sliceCount,
      ...pickAnswer(end),
      duration_ms: Math.round(performance.now() - startedAt),
      processor_ms: Math.round(processorTimeSoFar() - processorAt),
    }));
    if (end.state === "open" && asked.asksAgain) askAgain(project, end.delay);
    return Response.json({ ...describe(opened), ...pickAnswer(end) });
  }

  return async (request) => {
    if (request.method !== "POST") {
      return methodNotAllowed();
    }
    if (config instanceof Misconfiguration) return misconfigured(config, log);
    const { project, clerk } = config;
    if (!isAuthorized(request, project.supabaseKey)) {
      return unauthorized();
    }
    if (clerk instanceof Misconfiguration) return misconfigured(clerk, log, sayOff(clerk));
    try {
      const answer = work(request, project, clerk);
      // Schedules don't wait for a response: the slice continues when they are gone.
      keepAlive(answer.then(() => {}, () => {}));
      return await answer;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof InvalidRequest) {
        return Response.json({ error: "invalid_request", message: reason }, { status: 400 });
      }
      log(JSON.stringify({ error: "unavailable", reason }));
      return unavailable();
    }
  };
}

/** Begins what is asked for, or continues what is open. */
async function open(
  store: RunStore,
  { begin }: SliceRequest,
  leaseSeconds: number,
): Promise<OpenRun & { isNew?: boolean } | undefined> {
  if (begin === undefined) return await store.take(leaseSeconds);
  const begun = await store.begin(begin, leaseSeconds);
  if (begun.held !== undefined) return { ...begun, isNew: true };
  return { ...await store.take(leaseSeconds) ?? begun, isNew: false };
}

function describe({ run, isNew }: OpenRun & { isNew?: boolean }) {
  return { run: run.id, kind: run.kind, ...(isNew === undefined ? {} : { is_new: isNew }) };
}

function pickAnswer({ state, reason }: SliceEnd) {
  return { state, ...(reason === undefined ? {} : { reason }) };
}

/** @param message For the holder of the secret key. */
function misconfigured(
  { variable, message: reason }: Misconfiguration,
  log: (line: string) => void,
  message?: string,
): Response {
  log(JSON.stringify({ error: "misconfigured", variable, reason }));
  const body = { error: "misconfigured", ...(message === undefined ? {} : { message }) };
  return Response.json(body, { status: 500 });
}

function sayOff({ variable, message }: Misconfiguration): string {
  return `${message}: the function is off. Set "${variable}" among the project's secrets`;
}
