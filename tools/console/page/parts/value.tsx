import { formatCount } from "../format.ts";
import { ObjectLink } from "./object_link.tsx";

/** Characters. Longer values are folded. */
const LONG_JSON = 160;

/** Ids in Clerk's format. */
const ID = /^[a-z_]+_[0-9A-Za-z]{26,27}$/;

/** Ids of things that the mirror has no rows for. */
const NO_OBJECT = /^(?:ins|msg|client|img|idn|eac|sig)_/;

/** A value from a row, whoever wrote it: always rendered as text. Ids link to their objects. */
export function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span class="none">null</span>;
  if (typeof value === "string") {
    return ID.test(value) && !NO_OBJECT.test(value)
      ? <ObjectLink id={value} />
      : <span class="text">{value}</span>;
  }
  if (typeof value === "object") return <Json value={value} />;
  return <span class="literal">{String(value)}</span>;
}

function Json({ value }: { value: object }) {
  const text = JSON.stringify(value, null, 2);
  if (text.length <= LONG_JSON) return <pre class="json">{text}</pre>;
  const size = Array.isArray(value)
    ? formatCount(value.length, "entry", "entries")
    : formatCount(Object.keys(value).length, "key");
  return (
    <details class="folded">
      <summary>{size}</summary>
      <pre class="json">{text}</pre>
    </details>
  );
}
