import { sampleEvent } from "../development/events/sample_event.ts";

/** A `user.created` of about 3 kB, as Clerk sends it: a fresh user each time. */
export function userCreatedBody(): string {
  const bio = "Analyst of the Analytical Engine. ".repeat(14);
  return JSON.stringify(
    sampleEvent("user.created", { data: { "unsafe_metadata": { theme: "dark", bio } } }),
  );
}
