import { addressOf } from "../route.ts";

/** An object's id, as a link to it. */
export function ObjectLink({ id, table = "" }: { id: string; table?: string }) {
  return <a class="id" href={addressOf("objects", id, { table })}>{id}</a>;
}
