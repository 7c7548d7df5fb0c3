import type { SupabaseEnv } from "../../functions/_shared/supabase_env.ts";
import type { StatusAnswer } from "./shapes.ts";
import type { CallFunction } from "./project_client.ts";

/** A development stack that events can be sent to. */
export interface DevStack {
  webhookUrl: string;
  signingSecret: string;
}

/** What `status` says, as far as the console shows it. */
export type StatusReport = Pick<StatusAnswer, "level" | "takenAt" | "lines">;

/** What the console works with. */
export interface Context {
  project: SupabaseEnv;
  call: CallFunction;
  /** Only where `dev` serves the console for its own stack. */
  dev?: DevStack | undefined;
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
