import type { MirrorObject } from "./list_objects.ts";

export function clashQuery(objects: MirrorObject[]): string {
  const names = objects.filter(({ kind }) => kind === "table" || kind === "view").map((
    { schema, name },
  ) => `'${schema}.${name}'`);
  return `select 'table' as kind, name from unnest(array[${
    names.join(", ")
  }]) as name where to_regclass(name) is not null order by 2`;
}
