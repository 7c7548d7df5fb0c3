import { HttpError } from "./http_error.ts";
import { projectAddress } from "./project_address.ts";
import type { Context, Question } from "./route.ts";

/**
 * Anything that writes to a project asks first. `dev`'s own stack is there to be tried out.
 *
 * @param describe Says what would be done, and to how many: "replay 3 dead letters".
 * @throws {HttpError} 409, unless it was confirmed.
 */
export async function requireConfirmation(
  { body }: Question,
  { dev, project }: Context,
  describe: () => Promise<string>,
): Promise<void> {
  if (dev !== undefined || body.isConfirmed === true) return;
  throw new HttpError(
    409,
    `This would ${await describe()} in the project at ${projectAddress(project)}: confirm it`,
  );
}

/** @param noun In the singular, one that takes a plural "s". */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
