import { formatTime } from "../format.ts";

/** A time, with the full timestamp on hover. */
export function Time({ at }: { at: string }) {
  return <time dateTime={at} title={at}>{formatTime(at)}</time>;
}
