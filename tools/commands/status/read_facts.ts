import { createSupabase } from "../../../functions/_shared/supabase.ts";
import type { SupabaseEnv } from "../../../functions/_shared/supabase_env.ts";
import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { commandLine } from "../cli/command.ts";
import { type Facts, parseFacts } from "./facts.ts";
import { broken, paused, type StatusLine, well } from "./status_report.ts";

/** Milliseconds. Postgres ends the query after 5 s on its own. */
const TIMEOUT = 8_000;

const NAME = "Database";

/** What the database reports about itself, and the line on whether it does. */
export interface ReadFacts {
  line: StatusLine;
  /** What it returned. */
  facts?: Facts;
}

/** How a call was answered. */
interface Answer {
  /** HTTP status; 0 if there was no response. */
  status: number;
  /** SQLSTATE, or a code of the REST layer. */
  code: string;
  data?: unknown;
}

/**
 * Asks the database how the mirror is doing. Never throws: if the database can't be reached, the line says
 * why.
 *
 * @param timeout Milliseconds; 8,000 by default.
 */
export async function readFacts(project: SupabaseEnv, timeout = TIMEOUT): Promise<ReadFacts> {
  const startedAt = performance.now();
  const answer = await call(project, "read_status", timeout);
  const duration = Math.round(performance.now() - startedAt);
  if (answer.status === 200) {
    const facts = parseFacts(answer.data);
    if (facts) return { line: well(NAME, `Answered in ${duration} ms`), facts };
  }
  if (isMissing(answer)) {
    const release = await call(project, "read_release", timeout);
    if (release.status === 200 && isRecord(release.data)) {
      return { line: sayOtherRelease(String(release.data.version)) };
    }
  }
  return { line: sayTrouble(answer, project, timeout) };
}

async function call(
  project: SupabaseEnv,
  rpc: "read_status" | "read_release",
  timeout: number,
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const { data, error, status } = await createSupabase(project).rpc(rpc).abortSignal(signal);
    if (error === null) return { status, code: "", data };
    const isForeign = /SyntaxError/.test(error.message);
    return {
      status,
      code: signal.aborted ? "timeout" : isForeign ? "foreign" : error.code ?? "",
    };
  } catch {
    return { status: 0, code: signal.aborted ? "timeout" : "" };
  }
}

/** PostgREST's codes for a function, a schema or a table that it doesn't know. */
function isMissing({ code }: Answer): boolean {
  return ["PGRST106", "PGRST202", "PGRST205", "42883"].includes(code);
}

function sayOtherRelease(version: string): StatusLine {
  return broken(
    NAME,
    `It has release ${version}, which can't report its status`,
    `Upgrade it: "${commandLine("upgrade")}"`,
  );
}

function sayTrouble(
  answer: Answer,
  { supabaseUrl, naming }: SupabaseEnv,
  timeout: number,
): StatusLine {
  const { status, code } = answer;
  if (status === 200 || code === "foreign") {
    return broken(
      NAME,
      `What answers at "${supabaseUrl}" is not a Supabase project, or its mirror has another release`,
      `Check SUPABASE_URL; "${commandLine("upgrade")}" upgrades a mirror to this release`,
    );
  }
  if (status === 540) return paused(NAME);
  if (code === "timeout" || code === "57014" || status === 504 || status === 544) {
    return broken(
      NAME,
      code === "timeout"
        ? `It did not answer within ${timeout / 1000} seconds`
        : "It did not answer in time",
      "Look at the project's health in Supabase's Dashboard, under Reports and Database",
    );
  }
  if (status === 0) {
    return broken(
      NAME,
      `Nothing answers at "${supabaseUrl}"`,
      "Check SUPABASE_URL. The address of a paused or deleted project stops working after a while",
    );
  }
  if (code === "42501" || status === 401 || status === 403) {
    return broken(
      NAME,
      "The key was refused",
      'SUPABASE_SECRET_KEYS takes a secret key ("sb_secret_…") of the same project as SUPABASE_URL',
    );
  }
  if (isMissing(answer)) {
    const where = naming === undefined ? "" : ` as "${naming.schema}.${naming.prefix}…"`;
    return broken(
      NAME,
      `The project answers, but has no mirror${where}`,
      `Install it; or set CLERK_MIRROR_SCHEMA and CLERK_MIRROR_PREFIX to the names it was installed ` +
        "under, and check that the API exposes that schema",
    );
  }
  if (status === 404) {
    return broken(
      NAME,
      `What answers at "${supabaseUrl}" is not a Supabase project`,
      "Check SUPABASE_URL: https://<ref>.supabase.co",
    );
  }
  return broken(
    NAME,
    `The API answers with status ${status}${
      code === "" ? "" : ` (${code})`
    }, but the database does not`,
    "Look at the project's health in Supabase's Dashboard: it is starting, stopped, or out of connections",
  );
}
