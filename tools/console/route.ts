import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import type { StatusReport } from "../commands/status/status_report.ts";
import type { CallFunction } from "./project_client.ts";

/** A development stack that events can be sent to. */
export interface DevStack {
  webhookUrl: string;
  signingSecret: string;
}

/** What the console works with. */
export interface Context {
  project: SupabaseEnv;
  call: CallFunction;
  /** Only where `dev` serves the console for its own stack. */
  dev?: DevStack | undefined;
  /** What `status` says of the project; it never throws. */
  takeStatus(): Promise<StatusReport>;
}

/** A question of the page that has passed all checks. */
export interface Question {
  /** Of the address, decoded. */
  query: URLSearchParams;
  /** Empty but for `POST`. */
  body: Record<string, unknown>;
}

/** One address of the API. */
export interface Route {
  method: "GET" | "POST";
  path: `/api/${string}`;
  /**
   * The answer, as JSON.
   *
   * @throws {HttpError} where there is none.
   */
  answer(question: Question, context: Context): Promise<object>;
}
