import { isRecord } from "../../../functions/clerk-webhook/json.ts";
import { records, text, textOrNull } from "../fields.ts";
import type { CallFunction, FunctionName } from "../project_client.ts";
import { HttpError } from "../http_error.ts";
import type { Route } from "../route.ts";
import type { StatusAnswer } from "../shapes.ts";

type Run = StatusAnswer["runs"][number];

export const statusRoutes: Route[] = [{
  method: "GET",
  path: "/api/status",
  async answer(_question, { call, takeStatus }): Promise<StatusAnswer> {
    const [{ level, takenAt, lines }, runs] = await Promise.all([takeStatus(), readRuns(call)]);
    return { level, takenAt, lines, runs };
  },
}];
