import * as z from "zod/mini";
import type { RunRequest } from "../_shared/runs/run.ts";
import { resources } from "../_shared/clerk/resources.ts";

/** The most bytes that a request may have. */
const MAX_SIZE = 16_384;

/** What the function is asked to do. */
export interface SliceRequest {
  /** The run to begin, or to continue; if undefined, whichever is open. */
  begin?: RunRequest;
  /** Whether the function calls itself again until the run is done. */
  asksAgain: boolean;
}

/** The request isn't valid; the message says why in a sentence. */
export class InvalidRequest extends Error {
  override readonly name = "InvalidRequest";
}

const NAMES = resources.map(({ name }) => name);

const schema = z.strictObject({
  kind: z.optional(z.enum(["backfill", "reconcile"])),
  repair: z.optional(z.boolean()),
  allow_deletions: z.optional(z.int().check(z.nonnegative())),
  only: z.optional(z.array(z.enum(NAMES)).check(z.minLength(1))),
  grace: z.optional(z.number().check(z.nonnegative())),
  asked_by: z.optional(z.enum(["schedule", "request"])),
  ask_again: z.optional(z.boolean()),
});

/**
 * Reads what a request asks for; nothing if it has no body.
 *
 * @throws {InvalidRequest}
 */
export async function readSliceRequest(request: Request): Promise<SliceRequest> {
  const body = await readBody(request);
  const { success, data, error } = schema.safeParse(body);
  if (!success) {
    const [issue] = error.issues;
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const path = unknown ?? issue?.path.join(".");
    throw new InvalidRequest(
      path ? `"${path}" is invalid` : "The body is not a JSON object",
    );
  }
  const { kind, repair = false, ask_again = true, asked_by = "request", ...asked } = data;
  if (kind === undefined) return { asksAgain: ask_again };
  const { only, grace, allow_deletions } = asked;
  const options = {
    ...(only === undefined ? {} : { only }),
    ...(grace === undefined ? {} : { grace }),
    ...(allow_deletions === undefined ? {} : { allow_deletions }),
  };
  const isRepair = kind === "backfill" || repair;
  return { begin: { kind, askedBy: asked_by, isRepair, options }, asksAgain: ask_again };
}

async function readBody(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text.length > MAX_SIZE) throw new InvalidRequest("The body is too large");
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidRequest("The body is not JSON");
  }
}
