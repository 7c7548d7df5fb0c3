import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import type { StatusReport } from "../commands/status/status_report.ts";
import type { CallFunction } from "./project_client.ts";

/** A development stack that accepts test events. */
export interface DevStack {
  webhookUrl: string;
  signingSecret: string;
}

/** What the console works with. */
export interface Context {
  project: SupabaseEnv;
  call: CallFunction;
  /** Only if `dev` serves the console for its own stack. */
  dev?: DevStack | undefined;
  /** What `status` says about the project; it never throws. */
  takeStatus(): Promise<StatusReport>;
}

/** A request from the page that has passed all checks. */
export interface Question {
  /** From the URL, decoded. */
  query: URLSearchParams;
  /** Empty but for `POST`. */
  body: Record<string, unknown>;
}

/** One endpoint of the API. */
export interface Route {
  method: "GET" | "POST";
  path: `/api/${string}`;
  /**
   * The response, as JSON.
   *
   * @throws {HttpError} if there is none.
   */
  answer(question: Question, context: Context): Promise<object>;
}
