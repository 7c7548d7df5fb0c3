import { formatTime } from "../format.ts";

/** A time, with all of it for whoever points at it. */
export function Time({ at }: { at: string }) {
  return <time dateTime={at} title={at}>{formatTime(at)}</time>;
}
